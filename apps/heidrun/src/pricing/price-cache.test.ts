import { createFakeClock } from '@edda/testing';
import { describe, expect, it } from 'vitest';
import { createPriceCache } from './price-cache.ts';
import { type StoredPrice } from './stored-price.ts';

function setUp(maxEntries?: number) {
  const clock = createFakeClock();
  const loads: string[] = [];
  const gates: (() => void)[] = [];
  let hold = false;
  let version = 1n;
  const cache = createPriceCache({
    clock,
    ttlMs: () => 1_000,
    ...(maxEntries !== undefined && { maxEntries }),
    load: async (providerId, model) => {
      loads.push(`${providerId}/${model}`);
      const stored = price(providerId, model, version);
      if (hold) await new Promise<void>((resolve) => gates.push(resolve));
      return providerId === 'nobody' ? undefined : stored;
    },
  });
  const release = () => {
    hold = false;
    for (const open of gates.splice(0)) open();
  };
  return { clock, cache, loads, release, pause: () => (hold = true), change: () => (version += 1n) };
}

const price = (providerId: string, model: string, version: bigint): StoredPrice => ({
  ...{ id: 'id', providerId, model, version, price: { priceCents: 1n, unitTokens: 1_000n } },
  ...{ validFrom: new Date(0), ownerId: 'o', networkId: 'n', createdAt: new Date(0) },
});

describe('createPriceCache', () => {
  it('asks once per life of an entry, and once for readers at the same time', async () => {
    const { cache, loads, clock } = setUp();
    await Promise.all([cache.get('p', 'm'), cache.get('p', 'm'), cache.get('p', 'm')]);
    await cache.get('p', 'm');
    expect(loads).toEqual(['p/m']);
    expect(cache.peek('p', 'm')?.version).toBe(1n);
    clock.advance(1_000);
    expect(cache.peek('p', 'm')).toBeUndefined();
    await cache.get('p', 'm');
    expect(loads).toHaveLength(2);
  });

  it('reads a busy price again in the second half of its life, beside the callers, once', async () => {
    const { cache, loads, clock, change } = setUp();
    await cache.get('p', 'm');
    change();
    clock.advance(500);
    expect([cache.peek('p', 'm')?.version, cache.peek('p', 'm')?.version]).toEqual([1n, 1n]);
    await cache.get('p', 'm');
    expect(loads).toHaveLength(2);
    clock.advance(500);
    expect(cache.peek('p', 'm')?.version).toBe(2n);
  });

  it('never keeps a price that was read before a change but arrives after it', async () => {
    const { cache, pause, release, change } = setUp();
    pause();
    const early = cache.get('p', 'm');
    change();
    cache.forget('p');
    release();
    expect((await early)?.version).toBe(1n);
    expect((await cache.get('p', 'm'))?.version).toBe(2n);
  });

  it('remembers no misses and stays within its bound', async () => {
    const { cache, loads } = setUp(2);
    expect(await cache.get('nobody', 'm')).toBeUndefined();
    expect(await cache.get('nobody', 'm')).toBeUndefined();
    expect(loads).toHaveLength(2);
    for (const provider of ['a', 'b', 'c']) await cache.get(provider, 'm');
    expect(['a', 'b', 'c'].map((provider) => cache.peek(provider, 'm') !== undefined)).toEqual([false, true, true]);
  });
});
