import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@edda/testing';
import { describe, expect, it } from 'vitest';
import { type RedisKit } from '../src/index.ts';
import { recorder } from './recorder.ts';

/** Opens one more replica; all of a run share what they share. Closed by the caller of the suite. */
export type OpenReplica = () => Promise<RedisKit>;

/** What both implementations promise, checked the same way for both. */
export function describeKit(name: string, open: OpenReplica): void {
  describe(`${name}: cache`, () => {
    it('serves to one replica what another one set, and forgets it for all', async () => {
      const [a, b] = [await open(), await open()];
      const key = randomUUID();
      expect(await b.cache.get(key)).toBeUndefined();
      await a.cache.set(key, 'first', 60_000);
      await a.cache.set(key, 'ß→𝄞', 60_000);
      expect(await b.cache.get(key)).toBe('ß→𝄞');
      await b.cache.delete(key);
      expect(await a.cache.get(key)).toBeUndefined();
    });

    it('forgets a value when its time is over', async () => {
      const kit = await open();
      const key = randomUUID();
      await kit.cache.set(key, 'short', 50);
      await waitFor(async () => (await kit.cache.get(key)) === undefined, { what: 'expiry' });
    });

    it('lets one of many concurrent callers set a value, and gives it to all', async () => {
      const kits = [await open(), await open()];
      const key = randomUUID();
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, i) => kits[i % 2]!.cache.setIfAbsent(key, `value ${i}`, 60_000)),
      );
      expect(new Set(answers).size).toBe(1);
      expect(await kits[0]!.cache.get(key)).toBe(answers[0]);
    });

    it('sets an empty value, which is not an absent one', async () => {
      const kit = await open();
      const key = randomUUID();
      expect(await kit.cache.setIfAbsent(key, '', 60_000)).toBe('');
      expect(await kit.cache.setIfAbsent(key, 'later', 60_000)).toBe('');
      expect(await kit.cache.get(key)).toBe('');
    });

    it('refuses what has no bound', async () => {
      const { cache } = await open();
      await expect(cache.set('k', 'x'.repeat(65_537), 1_000)).rejects.toThrow('65536 bytes');
      await expect(cache.set('k', 'x', 0)).rejects.toThrow('ttlMs');
      await expect(cache.get('k'.repeat(513))).rejects.toThrow('512 characters');
    });
  });

  describe(`${name}: bus`, () => {
    it('says when a subscription begins, and then brings every message of other replicas in order', async () => {
      const [a, b] = [await open(), await open()];
      const topic = randomUUID();
      const heard = recorder();
      b.bus.subscribe(topic, heard);
      await heard.synced(1);
      for (let i = 0; i < 200; i += 1) expect(await a.bus.publish(topic, String(i))).toBe(true);
      await waitFor(() => heard.messages.length === 200);
      expect(heard.messages).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
    });

    it('brings nobody its own messages, nor those of another topic', async () => {
      const [a, b] = [await open(), await open()];
      const topic = randomUUID();
      const [own, others] = [recorder(), recorder()];
      a.bus.subscribe(topic, own);
      b.bus.subscribe(topic, others);
      await Promise.all([own.synced(1), others.synced(1)]);
      await a.bus.publish(`${topic}2`, 'elsewhere');
      await a.bus.publish(topic, 'here');
      await b.bus.publish(topic, 'there');
      await waitFor(() => own.messages.length > 0 && others.messages.length > 0);
      expect([own.messages, others.messages]).toEqual([['there'], ['here']]);
    });

    it('brings a message to each of several subscribers, and nothing after the end of a subscription', async () => {
      const [a, b] = [await open(), await open()];
      const topic = randomUUID();
      const [first, second] = [recorder(), recorder()];
      const stop = b.bus.subscribe(topic, first);
      b.bus.subscribe(topic, second);
      await Promise.all([first.synced(1), second.synced(1)]);
      await a.bus.publish(topic, 'one');
      await waitFor(() => first.messages.length + second.messages.length === 2);
      stop();
      await a.bus.publish(topic, 'two');
      await waitFor(() => second.messages.length === 2);
      expect([first.messages, second.messages]).toEqual([['one'], ['one', 'two']]);
    });

    it('refuses what has no bound', async () => {
      const { bus } = await open();
      await expect(bus.publish('t', 'x'.repeat(262_145))).rejects.toThrow('262144 bytes');
      await expect(bus.publish('', 'x')).rejects.toThrow('128 characters');
    });
  });

  describeLimits(name, open);
}

function describeLimits(name: string, open: OpenReplica): void {
  const hourly = { max: 10, windowMs: 3_600_000 };

  describe(`${name}: rate limits`, () => {
    it('allows exactly the limit over all replicas, however many ask at once', async () => {
      const kits = [await open(), await open(), await open()];
      const key = randomUUID();
      const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => kits[i % 3]!.limits.take(key, hourly)));
      expect(answers.filter(({ allowed }) => allowed)).toHaveLength(10);
    });

    it('says what is left, when to come again and when all is back', async () => {
      const { limits } = await open();
      const key = randomUUID();
      expect(await limits.take(key, hourly, 9)).toMatchObject({
        allowed: true,
        limit: 10,
        remaining: 1,
        retryAfterMs: 0,
      });
      const refused = await limits.take(key, hourly, 3);
      expect(refused).toMatchObject({ allowed: false, limit: 10, remaining: 1 });
      // Two are missing and one comes back in six minutes; a slow machine may have waited a little.
      expect(refused.retryAfterMs).toBeGreaterThan(660_000);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(720_000);
      expect(refused.resetMs).toBeGreaterThan(3_180_000);
      expect(refused.resetMs).toBeLessThanOrEqual(3_240_000);
    });

    it('takes nothing when it refuses', async () => {
      const { limits } = await open();
      const key = randomUUID();
      for (let i = 0; i < 5; i += 1) expect((await limits.take(key, hourly, 11)).allowed).toBe(false);
      expect((await limits.take(key, hourly, 10)).allowed).toBe(true);
    });

    it('never fills beyond the limit, and counts each key for itself', async () => {
      const { limits } = await open();
      const quick = { max: 5, windowMs: 50 };
      const key = randomUUID();
      expect((await limits.take(key, quick, 5)).allowed).toBe(true);
      await sleep(200);
      expect((await limits.take(key, quick, 1)).remaining).toBeLessThanOrEqual(4);
      expect(await limits.take(`${key}2`, hourly, 10)).toMatchObject({ allowed: true, remaining: 0 });
    });

    it('fills again with time', async () => {
      const { limits } = await open();
      const key = randomUUID();
      const quick = { max: 2, windowMs: 400 };
      await limits.take(key, quick, 2);
      await waitFor(async () => (await limits.take(key, quick, 2)).allowed, { what: 'a full bucket' });
    });

    it('refuses limits that are none', async () => {
      const { limits } = await open();
      await expect(limits.take('k', { max: 0, windowMs: 1_000 })).rejects.toThrow('max and windowMs');
      await expect(limits.take('k', { max: 1, windowMs: 1_000 }, -1)).rejects.toThrow('cost');
    });
  });
}
