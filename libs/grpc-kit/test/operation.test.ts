import { setTimeout as sleep } from 'node:timers/promises';
import { commonFaults } from '@edda/faults';
import { describe, expect, it } from 'vitest';
import { checkHealth, createGrpcClient } from '../src/index.ts';
import { health } from '@edda/contracts';
import { echoPath } from './echo-definition.ts';
import { start, until } from './fixture.ts';

const echo = async (request: { text: string; delayMs?: number }) => {
  if (request.delayMs !== undefined) await sleep(request.delayMs);
  return request;
};

describe('limits', () => {
  it('answers RESOURCE_EXHAUSTED to a message over 4 MiB and goes on serving', async () => {
    const { client } = await start({ echo });
    const big = client({ maxMessageBytes: 64 * 1024 * 1024 });
    const tooLarge = big.echo({ text: 'x'.repeat(4 * 1024 * 1024 + 1) });
    await expect(tooLarge).rejects.toMatchObject({ kind: 'exhausted', reason: 'BODY_TOO_LARGE' });
    await expect(big.echo({ text: 'small' })).resolves.toEqual({ text: 'small' });
  });

  it('answers RATE_LIMITED with retry information beyond the calls allowed at once', async () => {
    const { client } = await start({ echo }, { limits: { maxConcurrentCalls: 2 } });
    const api = client();
    const results = await Promise.allSettled([1, 2, 3].map(() => api.echo({ text: 'x', delayMs: 200 })));
    const failed = results.filter((result) => result.status === 'rejected');
    expect(failed).toHaveLength(1);
    expect(failed[0]?.reason).toMatchObject({ reason: 'RATE_LIMITED', retryAfterMs: 200 });
    await expect(api.echo({ text: 'later' })).resolves.toEqual({ text: 'later' });
  });

  it('lets the service refuse callers that call too often, before the handler, and guessers of tokens by address', async () => {
    const seen: [string, string][] = [];
    let calls = 0;
    const { client } = await start(
      {
        echo: async (request) => {
          calls += 1;
          return request;
        },
      },
      {
        limit: ({ subject }, address) => {
          seen.push([subject, address]);
          if (seen.length > 1) throw commonFaults.RATE_LIMITED('Slower.', { retryAfterMs: 700 });
        },
      },
    );
    await client().echo({ text: 'x' });
    await expect(client().echo({ text: 'x' })).rejects.toMatchObject({ reason: 'RATE_LIMITED', retryAfterMs: 700 });
    const guess = client({ token: async () => 'nonsense' }).echo({ text: 'x' });
    await expect(guess).rejects.toMatchObject({ reason: 'RATE_LIMITED' });
    expect(calls).toBe(1);
    expect(seen.map(([subject]) => subject)).toEqual([seen[0]?.[0], seen[0]?.[0], '']);
    expect(new Set(seen.map(([, address]) => address)).size).toBe(1);
  });

  it('refuses oversized metadata', async () => {
    const { client } = await start({ echo }, { limits: { maxMetadataBytes: 1_000 } });
    const call = client().echo({ text: 'x' }, { idempotencyKey: 'k'.repeat(1_000) });
    await expect(call).rejects.toMatchObject({ reason: 'BODY_TOO_LARGE' });
  });
});

describe('log and metrics', () => {
  it('writes one line per call and counts it', async () => {
    const { client, log, metrics } = await start({ echo });
    await client().echo({ text: 'x' }, { requestId: 'r-1' });
    const lines = log.records.filter((line) => line.msg === 'call');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ method: echoPath('echo'), code: 'OK', caller: 'user-1', request_id: 'r-1' });
    const text = await metrics.render();
    expect(text).toMatch(/grpc_server_handled_total\{[^}]*code="OK"[^}]*\} 1/);
    expect(text).toMatch(/grpc_server_in_flight(\{[^}]*\})? 0/);
    expect(text).toContain('grpc_server_handling_seconds_bucket');
  });
});

describe('health', () => {
  it('follows the server: serving, set aside, draining', async () => {
    const { server, address } = await start({ echo });
    await expect(checkHealth(address)).resolves.toBe('SERVING');
    await expect(checkHealth(address, { service: 'edda.test.v1.EchoService' })).resolves.toBe('SERVING');
    await expect(checkHealth(address, { service: 'nobody' })).rejects.toMatchObject({ kind: 'not-found' });
    server.setServing(false);
    await expect(checkHealth(address)).resolves.toBe('NOT_SERVING');
  });

  it('can be watched', async () => {
    const { server, address, log } = await start({ echo });
    const client = createGrpcClient(health.HealthService, { address, logger: log.logger });
    const watch = client.watch({ service: '' }, { deadlineMs: 5_000 })[Symbol.asyncIterator]();
    const { SERVING, NOT_SERVING } = health.HealthCheckResponse_ServingStatus;
    await expect(watch.next()).resolves.toMatchObject({ value: { status: SERVING } });
    server.setServing(false);
    await expect(watch.next()).resolves.toMatchObject({ value: { status: NOT_SERVING } });
    await watch.return?.(undefined);
    client.close();
  });

  it('fails for a server that is not there', async () => {
    await expect(checkHealth('127.0.0.1:1', { timeoutMs: 300 })).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('drain', () => {
  it('finishes what runs, answers DRAINING to what is new, then closes', async () => {
    let running = false;
    const slow = async (request: { text: string }) => {
      running = true;
      await sleep(400);
      return request;
    };
    const { server, client, address } = await start({ echo: slow });
    const api = client({ retries: false });
    const call = api.echo({ text: 'running' });
    await until(() => running);
    const closed = server.close({ graceMs: 5_000 });
    await expect(api.echo({ text: 'new' })).rejects.toMatchObject({ kind: 'unavailable', reason: 'DRAINING' });
    await expect(checkHealth(address)).resolves.toBe('NOT_SERVING');
    await expect(call).resolves.toEqual({ text: 'running' });
    await closed;
    await expect(api.echo({ text: 'gone' })).rejects.toMatchObject({ reason: 'DEPENDENCY_UNAVAILABLE' });
  });

  it('ends long-lived streams at once, and forces the rest after the grace time', async () => {
    const { server, client } = await start(
      {
        async *watch(request, ctx) {
          yield request;
          await new Promise((_resolve, reject) => ctx.signal.addEventListener('abort', reject));
        },
        echo: () => new Promise(() => undefined),
      },
      { rule: { watch: { roles: ['user'], longLived: true } } },
    );
    const stuck = client({ retries: false }).echo({ text: 'x' });
    const stream = client().watch({ text: 'x' })[Symbol.asyncIterator]();
    await stream.next();
    const startedAt = Date.now();
    const closed = server.close({ graceMs: 2_000 });
    await expect(stream.next()).rejects.toMatchObject({ reason: 'DRAINING' });
    expect(Date.now() - startedAt).toBeLessThan(1_800);
    await expect(stuck).rejects.toMatchObject({ reason: 'DRAINING' });
    await closed;
    expect(Date.now() - startedAt).toBeLessThan(20_000);
  });
});

describe('client', () => {
  it('recovers after its server restarted on the same port, without a new client', async () => {
    const first = await start({ echo });
    const api = first.client();
    await expect(api.echo({ text: '1' })).resolves.toEqual({ text: '1' });
    await first.server.close({ graceMs: 0 });
    await expect(api.echo({ text: 'down' }, { deadlineMs: 500 })).rejects.toMatchObject({ kind: 'unavailable' });
    await start({ echo }, { port: first.port });
    await expect(api.echo({ text: '2' })).resolves.toEqual({ text: '2' });
  });

  it('waits for a server that starts a moment later', async () => {
    const gone = await start({ echo });
    await gone.server.close({ graceMs: 0 });
    const call = gone.client().echo({ text: 'early' });
    await sleep(300);
    await start({ echo }, { port: gone.port });
    await expect(call).resolves.toEqual({ text: 'early' });
  });

  it('tries UNAVAILABLE again and nothing else', async () => {
    let calls = 0;
    const { client } = await start({
      echo: async (request) => {
        calls += 1;
        if (request.text === 'dies') throw commonFaults.INTERNAL('no');
        if (calls < 3) throw commonFaults.DEPENDENCY_UNAVAILABLE('not yet');
        return request;
      },
    });
    await expect(client().echo({ text: 'x' })).resolves.toEqual({ text: 'x' });
    expect(calls).toBe(3);
    await expect(client().echo({ text: 'dies' })).rejects.toMatchObject({ kind: 'internal' });
    expect(calls).toBe(4);
  });

  it('opens its circuit while the peer keeps failing, and closes it again', async () => {
    let calls = 0;
    let down = true;
    const { client } = await start({
      echo: async (request) => {
        calls += 1;
        if (down) throw commonFaults.DEPENDENCY_UNAVAILABLE('down');
        return request;
      },
    });
    const api = client({ retries: false, breaker: { windowMs: 1_000, minimumRps: 5, halfOpenAfterMs: 200 } });
    for (let at = 0; at < 30; at += 1) await api.echo({ text: 'x' }).catch(() => undefined);
    expect(calls).toBeLessThan(30);
    await expect(api.echo({ text: 'x' })).rejects.toMatchObject({ metadata: { circuit: 'open' }, retryAfterMs: 200 });
    down = false;
    await sleep(250);
    await expect(api.echo({ text: 'x' })).resolves.toEqual({ text: 'x' });
  });
});
