import { Agent, request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryLogger, createMetrics, startOperationsServer, type OperationsServer } from './index.ts';

let server: OperationsServer | undefined;
afterEach(() => server?.close());

async function start(options: Partial<Parameters<typeof startOperationsServer>[0]> = {}) {
  const metrics = createMetrics({ service: 's', processMetrics: false });
  server = await startOperationsServer({ host: '127.0.0.1', port: 0, metrics, ...options });
  const base = `http://127.0.0.1:${server.port}`;
  return (path: string, init?: RequestInit) => fetch(base + path, init);
}

describe('startOperationsServer', () => {
  it('answers /healthz while the process lives, ready or not', async () => {
    const get = await start({ isReady: async () => ({ db: false }) });
    expect((await get('/healthz')).status).toBe(200);
  });

  it('answers /readyz with 200 and the checks when all pass', async () => {
    const get = await start({ isReady: async () => ({ db: true }), checks: { outbox: () => true } });
    const response = await get('/readyz?verbose');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ready', checks: { db: true, outbox: true } });
  });

  it('answers /readyz with 503, naming checks that fail, throw or take too long', async () => {
    const get = await start({
      checkTimeoutMs: 20,
      checks: {
        good: () => true,
        bad: async () => false,
        throws: () => {
          throw new Error('no');
        },
        hangs: () => new Promise<boolean>(() => undefined),
      },
    });
    const response = await get('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'not ready',
      checks: { good: true, bad: false, throws: false, hangs: false },
    });
  });

  it('counts an isReady that hangs as not ready', async () => {
    const get = await start({ checkTimeoutMs: 20, isReady: () => new Promise(() => undefined) });
    expect((await get('/readyz')).status).toBe(503);
  });

  it('serves metrics, and 500 without details when they fail', async () => {
    const get = await start();
    expect((await get('/metrics')).headers.get('content-type')).toContain('version=0.0.4');
    await server?.close();
    const { logger, text } = createMemoryLogger();
    const broken = { contentType: 'text/plain', render: () => Promise.reject(new Error('inside')) };
    const response = await (await start({ metrics: broken, logger }))('/metrics');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('inside');
    expect(text()).toContain('inside');
  });

  it('answers 404 elsewhere, 405 to other methods, HEAD without a body', async () => {
    const get = await start();
    expect((await get('/')).status).toBe(404);
    expect((await get('/healthz', { method: 'POST' })).status).toBe(405);
    const head = await get('/healthz', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('rejects when the port is taken', async () => {
    await start();
    const again = startOperationsServer({
      host: '127.0.0.1',
      port: server?.port ?? 0,
      metrics: createMetrics({ service: 's', processMetrics: false }),
    });
    await expect(again).rejects.toThrow('EADDRINUSE');
  });

  it('closes at once although a client keeps its connection open', async () => {
    await start();
    const agent = new Agent({ keepAlive: true });
    await new Promise<void>((resolve, reject) => {
      const options = { agent, host: '127.0.0.1', port: server?.port, path: '/healthz' };
      request(options, (response) => response.resume().on('end', resolve))
        .on('error', reject)
        .end();
    });
    const before = performance.now();
    await server?.close(20_000);
    expect(performance.now() - before).toBeLessThan(10_000);
    agent.destroy();
  });
});
