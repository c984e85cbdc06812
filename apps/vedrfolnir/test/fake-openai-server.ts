import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface FakeOpenAiServer {
  url: string;
  /** Bodies of the completions asked for, in order. */
  bodies: Record<string, unknown>[];
  headers: IncomingMessage['headers'][];
  /** Resolves when a client has gone away before its answer was complete. */
  hungUp: Promise<void>;
  close: () => Promise<void>;
}

type Answer = (response: ServerResponse, body: Record<string, unknown>) => void | Promise<void>;

/** A local HTTP server on OpenAI's paths whose answers a test scripts. */
export async function startFakeOpenAiServer(answers: { models?: unknown; chat?: Answer }): Promise<FakeOpenAiServer> {
  const bodies: Record<string, unknown>[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const gone = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    headers.push(request.headers);
    response.on('close', () => !response.writableFinished && gone.resolve());
    if (request.url === '/v1/models') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answers.models ?? { object: 'list', data: [] }));
      return;
    }
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const body = JSON.parse(text) as Record<string, unknown>;
      bodies.push(body);
      void answers.chat?.(response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    headers,
    hungUp: gone.promise,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with these events, then `[DONE]` unless told otherwise. */
export function streamed(events: readonly (object | string)[], end = 'data: [DONE]\n\n'): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events)
      response.write(typeof event === 'string' ? event : `data: ${JSON.stringify(event)}\n\n`);
    response.end(end);
  };
}

/** One chunk of a chat completion. */
export function chunk(delta: object, finish: string | null = null): object {
  return { id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] };
}
