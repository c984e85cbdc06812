import { njordr } from '@edda/contracts';
import { misnamedMetrics } from '@edda/testing';
import { describe, expect, it } from 'vitest';
import { agent, job, market } from './agent-setup.ts';
import { eventually } from './fake-market.ts';

describe('connecting', () => {
  it('says who it is and what it offers, and sends heartbeats at the welcome’s interval', async () => {
    const at = await market();
    const started = await agent(at, {
      provider: { displayName: 'Attic', price: { priceCents: 2, outputPriceCents: 6, unitTokens: 10_000 } },
    });
    const connection = await at.connection();
    const hello = await connection.next('hello');
    expect(hello).toMatchObject({ deviceId: 'attic', displayName: 'Attic', capacity: 2, runningJobIds: [] });
    expect(hello.price).toEqual({ priceCents: 2n, outputPriceCents: 6n, priceUnitTokens: 10_000n });
    expect(hello.models).toMatchObject([{ model: 'builtin-ngram', contextLength: 8192n, continues: true }]);
    expect(hello.hardware?.cpuCores).toBeGreaterThan(0);
    const beat = await connection.next('heartbeat', 2);
    expect(beat).toMatchObject({ sequence: 3n, activeJobs: 0, freeCapacity: 2 });
    expect(connection.received.at(-1)?.providerId).toBe('prv_1');
    expect(started.state()).toMatchObject({ link: 'connected', providerId: 'prv_1' });
  });

  it('keeps trying while the market is away, and connects when it is back', async () => {
    const first = await market();
    const started = await agent(first);
    await (await first.connection()).next('heartbeat');
    await first.close();
    await eventually(() => started.state().link === 'waiting');
    const second = await market({ port: first.port });
    await (await second.connection()).next('heartbeat');
    await eventually(() => started.state().link === 'connected');
  });

  it('reconnects with its provider id when the stream is cut', async () => {
    const at = await market();
    await agent(at);
    const connection = await at.connection();
    await connection.next('heartbeat');
    connection.end();
    const again = await at.connection(1);
    await again.next('hello');
    expect(again.received[0]?.providerId).toBe('prv_1');
  });

  it('takes a market that no longer answers for lost', async () => {
    const at = await market({ silent: true });
    await agent(at, { link: { welcomeTimeoutMs: 100 } });
    await (
      await at.connection(0)
    ).over;
    const second = await at.connection(1);
    second.send({ $case: 'welcome', value: njordr.Welcome.fromPartial({ heartbeatIntervalMs: 100 }) });
    await second.next('heartbeat', 2);
    await second.over;
    await at.connection(2);
  });

  it('stops for good when waiting would not help', async () => {
    const at = await market({ rejected: { reason: 'PROVIDER_UNREGISTERED', message: 'gone', retryAfterMs: 0 } });
    const started = await agent(at);
    expect(await started.over).toBe('rejected');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(at.connections).toHaveLength(1);
  });

  it('comes back after a rejection that passes', async () => {
    const at = await market({ rejected: { reason: 'PROVIDER_SUSPENDED', message: 'wait', retryAfterMs: 30 } });
    await agent(at);
    await at.connection(1);
  });

  it('opens another stream when asked to, and finishes running jobs on the old one', async () => {
    const at = await market();
    await agent(at, { upstream: { builtin: { tokensPerSecond: 100 } } });
    const old = await at.connection();
    await old.next('heartbeat');
    old.send(job());
    await old.next('chunk');
    old.send({ $case: 'drainRequested', value: { closeAt: undefined, reason: 'token expires' } });
    const fresh = await at.connection(1);
    expect((await fresh.next('hello')).runningJobIds).toEqual(['job_1']);
    expect((await old.next('done')).lastSequence).toBe(BigInt(old.all('chunk').length));
    await old.over;
    expect(fresh.all('chunk')).toHaveLength(0);
  });
});

it('serves health, readiness and metrics', async () => {
  const at = await market();
  const started = await agent(at, { operations: { enabled: true, port: 0 } });
  const connection = await at.connection();
  connection.send(job());
  await connection.next('done');
  const base = `http://127.0.0.1:${started.ports.operations}`;
  expect((await fetch(`${base}/readyz`)).status).toBe(200);
  const text = await (await fetch(`${base}/metrics`)).text();
  expect(text).toMatch(/edda_vedrfolnir_jobs_total\{.*outcome="done".*\} 1/);
  expect(misnamedMetrics(text, 'vedrfolnir')).toEqual([]);
  expect(text).toMatch(/edda_vedrfolnir_connected\S* 1/);
});
