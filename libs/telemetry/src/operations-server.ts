import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Logger } from './logger.ts';
import { type Metrics } from './metrics.ts';
import { runChecks } from './readiness.ts';

export interface OperationsServerOptions {
  host: string;
  /** 0 takes any free port. */
  port: number;
  metrics: Pick<Metrics, 'render' | 'contentType'>;
  /** Several checks answered together; `{}` when nothing can keep the service from serving. */
  isReady?: () => Promise<Record<string, boolean>>;
  /** Checks run side by side, each with its own time limit. */
  checks?: Readonly<Record<string, () => boolean | Promise<boolean>>>;
  /** How long one check may take before it counts as failed; 1,000 ms by default. */
  checkTimeoutMs?: number;
  logger?: Logger;
}

export interface OperationsServer {
  readonly port: number;
  /** Stops listening, ends idle connections at once and busy ones after `graceMs` (1,000 by default). */
  close(graceMs?: number): Promise<void>;
}

interface Answer {
  status: number;
  type: string;
  body: string;
}

const json = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: `${JSON.stringify(value)}\n`,
});

/**
 * Serves `/healthz` (200 while the process lives), `/readyz` (200, or 503 while a check fails; JSON names them)
 * and `/metrics`. GET and HEAD only; anything else is 404 or 405.
 */
export async function startOperationsServer(options: OperationsServerOptions): Promise<OperationsServer> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    answer(request, options).then(
      (result) => send(request, response, result),
      (error: unknown) => {
        options.logger?.error({ err: error, path: request.url }, 'operations request failed');
        send(request, response, json(500, { error: 'internal' }));
      },
    );
  });
  server.maxConnections = 100;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: (graceMs = 1_000) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

async function answer(request: IncomingMessage, options: OperationsServerOptions): Promise<Answer> {
  const [path] = (request.url ?? '').split('?', 1);
  const known = path === '/healthz' || path === '/readyz' || path === '/metrics';
  if (!known) return json(404, { error: 'not found', paths: ['/healthz', '/readyz', '/metrics'] });
  if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { error: 'only GET and HEAD' });
  if (path === '/healthz') return json(200, { status: 'ok' });
  if (path === '/metrics') {
    return { status: 200, type: options.metrics.contentType, body: await options.metrics.render() };
  }
  const checks = await runChecks(options);
  const ready = Object.values(checks).every(Boolean);
  return json(ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', checks });
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 && { allow: 'GET, HEAD' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
