import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { createStripeObjects, type StripeObjects, StripeRefusal } from './stripe-objects.ts';

/** What happens to the next request instead of, or after, being served. */
export type Mishap =
  /** Answered with this status, nothing done. */
  | { status: number; code?: string }
  /** Done and remembered, but the answer gets lost. */
  | 'lose-answer'
  /** Never answered. */
  | 'hang';

export interface StripeServer {
  url: string;
  objects: StripeObjects;
  /** One per request that will meet one, in order. */
  mishaps: Mishap[];
  /** Every request that arrived: method, path and idempotency key. */
  requests: { method: string; path: string; idempotencyKey: string }[];
  close(): Promise<void>;
}

interface Answer {
  status: number;
  body: unknown;
}

/**
 * Stripe’s API as published, as far as the adapter needs it: form-encoded requests, JSON objects, errors with their
 * types, and idempotency keys that repeat the first answer and refuse other parameters.
 */
export async function startStripeServer(): Promise<StripeServer> {
  const objects = createStripeObjects();
  const known = new Map<string, Answer & { content: string }>();
  const state = { mishaps: [] as Mishap[], requests: [] as StripeServer['requests'] };
  const server: Server = createServer((request, response) => {
    void answer(request).then((result) => {
      if (result === 'hang') return;
      if (result === 'drop') return void response.destroy();
      response.writeHead(result.status, { 'content-type': 'application/json', 'request-id': 'req_test' });
      response.end(JSON.stringify(result.body));
    });
  });

  async function answer(request: IncomingMessage): Promise<Answer | 'drop' | 'hang'> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const content = Buffer.concat(chunks).toString('utf8');
    const url = new URL(request.url ?? '/', 'http://stripe');
    const idempotencyKey = String(request.headers['idempotency-key'] ?? '');
    const method = request.method ?? 'GET';
    state.requests.push({ method, path: url.pathname, idempotencyKey });
    if (request.headers.authorization !== 'Bearer sk_test_edda') return failure(401, 'invalid_request_error');
    const mishap = state.mishaps.shift();
    if (mishap === 'hang') return mishap;
    if (typeof mishap === 'object') return failure(mishap.status, 'api_error', mishap.code);
    const result = once(method, idempotencyKey, `${url.pathname}\n${content}`, () => {
      const form = new URLSearchParams(method === 'POST' ? content : url.search);
      const account = String(request.headers['stripe-account'] ?? '');
      return objects.serve(method, url.pathname, form, account);
    });
    return mishap === 'lose-answer' ? 'drop' : result;
  }

  function once(method: string, key: string, content: string, serve: () => unknown): Answer {
    const earlier = method === 'POST' && key !== '' ? known.get(key) : undefined;
    if (earlier !== undefined && earlier.content !== content) return failure(400, 'idempotency_error');
    if (earlier !== undefined) return earlier;
    const result = attempt(serve);
    if (method === 'POST' && key !== '') known.set(key, { ...result, content });
    return result;
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function attempt(serve: () => unknown): Answer {
  try {
    return { status: 200, body: serve() };
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error;
    return { status: error.status, body: { error: error.details } };
  }
}

const failure = (status: number, type: string, code?: string): Answer => ({
  status,
  body: { error: { type, message: `status ${status}`, ...(code !== undefined && { code }) } },
});
