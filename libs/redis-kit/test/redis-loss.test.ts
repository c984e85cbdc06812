import { randomUUID } from 'node:crypto';
import { createMemoryLogger, createMetrics } from '@edda/telemetry';
import { startTcpProxy, waitFor } from '@edda/testing';
import type {} from '@edda/testing/redis-setup';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { createRedisKit } from '../src/index.ts';
import { recorder } from './recorder.ts';

const url = inject('redisUrl');
const limit = { max: 10, windowMs: 3_600_000 };

/** Two replicas; what leads from the first one to Redis can be cut or frozen. */
async function setUp({ deadlineMs = 2_000 } = {}) {
  const name = `loss-${randomUUID()}`;
  const proxy = await startTcpProxy(url);
  const open = async (from: string) => {
    const log = createMemoryLogger();
    const metrics = createMetrics({ service: name, processMetrics: false });
    const kit = await createRedisKit({ url: from, name, metrics, logger: log.logger, deadlineMs, heartbeatMs: 50 });
    onTestFinished(() => kit.close());
    return { kit, log, metrics };
  };
  const through = await open(`redis://127.0.0.1:${proxy.port}`);
  const direct = await open(url);
  onTestFinished(() => proxy.close());
  return { ...through, other: direct.kit, proxy, open };
}

const lines = (log: { records: readonly { msg?: unknown }[] }, text: string) =>
  log.records.filter(({ msg }) => typeof msg === 'string' && msg.includes(text));

describe.skipIf(url === '')('without Redis', () => {
  it('every operation answers at once: caches miss, limits are counted here, a message is reported as not sent', async () => {
    const { kit, proxy } = await setUp();
    await kit.cache.set('k', 'v', 60_000);
    await kit.limits.take('user', limit, 4);
    proxy.cut();
    await waitFor(() => !kit.up);
    expect(await kit.cache.get('k')).toBeUndefined();
    expect(await kit.cache.setIfAbsent('k', 'w', 60_000)).toBeUndefined();
    await kit.cache.set('k', 'w', 60_000);
    await kit.cache.delete('k');
    expect(await kit.bus.publish('t', 'm')).toBe(false);
    // What was taken before the loss still counts.
    expect(await kit.limits.take('user', limit, 6)).toMatchObject({ allowed: true, remaining: 0 });
    expect((await kit.limits.take('user', limit)).allowed).toBe(false);
  });

  it('a Redis that is silent makes nobody wait but those whose question was on its way', async () => {
    const { kit, proxy, metrics } = await setUp({ deadlineMs: 500 });
    proxy.freeze();
    await waitFor(() => !kit.up, { what: 'noticing the silence' });
    const skipped = async () => /outcome="skipped"[^\n]* (\d+)/.exec(await metrics.render())?.[1] ?? '0';
    const before = Number(await skipped());
    for (let i = 0; i < 1_000; i += 1) await kit.cache.get('k');
    expect(Number(await skipped()) - before).toBe(1_000);
    proxy.restore();
    await waitFor(() => kit.up, { what: 'the return' });
    await kit.cache.set('k', 'v', 60_000);
    expect(await kit.cache.get('k')).toBe('v');
  });

  it('subscribers are told to read anew after each loss, and hear what comes after it', async () => {
    const { kit, proxy, other } = await setUp();
    const heard = recorder();
    kit.bus.subscribe('prices', heard);
    await heard.synced(1);
    for (const round of [2, 3]) {
      proxy.cut();
      await waitFor(() => !kit.up);
      await other.bus.publish('prices', 'missed');
      proxy.restore();
      await heard.synced(round);
      await other.bus.publish('prices', `round ${round}`);
      await waitFor(() => heard.messages.includes(`round ${round}`));
    }
    expect(heard.messages).toEqual(['round 2', 'round 3']);
  });

  it('a subscription made meanwhile begins with the return', async () => {
    const { kit, proxy, other } = await setUp();
    proxy.cut();
    await waitFor(() => !kit.up);
    const heard = recorder();
    kit.bus.subscribe('late', heard);
    proxy.restore();
    await heard.synced(1);
    await other.bus.publish('late', 'now');
    await waitFor(() => heard.messages.length === 1);
  });

  it('says each loss and each return once, and shows them as metrics', async () => {
    const { kit, proxy, log, metrics } = await setUp();
    const changes: boolean[] = [];
    kit.onChange((up) => changes.push(up));
    proxy.cut();
    await waitFor(() => !kit.up);
    for (let i = 0; i < 20; i += 1) await kit.cache.get('k');
    expect(await metrics.render()).toMatch(/edda_redis_up\{[^}]*\} 0/);
    proxy.restore();
    await waitFor(() => kit.up);
    expect(lines(log, 'Redis is lost')).toHaveLength(1);
    expect(lines(log, 'Redis answers')).toHaveLength(2);
    expect(changes).toEqual([false, true]);
    expect(await metrics.render()).toMatch(/edda_redis_losses_total\{[^}]*\} 1/);
    expect(await metrics.render()).toMatch(/edda_redis_up\{[^}]*\} 1/);
  });

  it('opens without Redis, and finds it when it comes', async () => {
    const { proxy, open } = await setUp({ deadlineMs: 500 });
    proxy.cut();
    const { kit, log } = await open(`redis://127.0.0.1:${proxy.port}`);
    expect([kit.up, kit.shared]).toEqual([false, true]);
    expect(lines(log, 'does not answer')).toHaveLength(1);
    expect((await kit.limits.take('user', limit)).allowed).toBe(true);
    proxy.restore();
    await waitFor(() => kit.up);
  });
});
