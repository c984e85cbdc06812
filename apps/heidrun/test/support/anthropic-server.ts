import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

interface CountBody {
  model?: string;
  system?: string;
  messages?: { role?: string; content?: string }[];
}

/** What happens to the next request instead of being counted. */
export type Mishap = { status: number } | { answer: string } | 'hang' | 'drop';

/**
 * Anthropic's token counting as published: the key and the version in headers, a conversation of non-empty messages,
 * errors with their types. It counts words: one each, and 7 for the conversation.
 */
export async function startAnthropicServer(key = 'sk-ant-test') {
  const mishaps: Mishap[] = [];
  const bodies: CountBody[] = [];
  /** Counts are answered once `held` is fulfilled. */
  const state = { mishaps, bodies, asked: 0, open: 0, held: Promise.resolve() };
  const server = createServer((request, response) => {
    const reply = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_test' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    const refuse = (status: number, type: string) => reply(status, { type: 'error', error: { type, message: type } });
    state.asked += 1;
    state.open += 1;
    response.on('close', () => (state.open -= 1));
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const mishap = mishaps.shift();
      if (mishap === 'hang') return;
      if (mishap === 'drop') return void response.destroy();
      if (mishap !== undefined && 'answer' in mishap) return reply(200, mishap.answer);
      if (mishap !== undefined) return refuse(mishap.status, 'api_error');
      if (request.method !== 'POST' || request.url !== '/v1/messages/count_tokens')
        return refuse(404, 'not_found_error');
      if (request.headers['x-api-key'] !== key) return refuse(401, 'authentication_error');
      if (request.headers['anthropic-version'] !== '2023-06-01') return refuse(400, 'invalid_request_error');
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as CountBody;
      const { model = '', system = '', messages = [] } = body;
      const known = ({ role = '', content = '' }) => ['user', 'assistant'].includes(role) && content.trim() !== '';
      if (!model.startsWith('claude-') || messages.length === 0 || !messages.every(known)) {
        return refuse(400, 'invalid_request_error');
      }
      bodies.push(body);
      const words = [system, ...messages.map(({ content = '' }) => content)].join(' ').trim().split(/\s+/);
      void state.held.then(() => reply(200, { input_tokens: 7 + words.length }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key, close });
}
