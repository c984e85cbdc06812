import { createInProcessServer } from '@edda/redis-kit';
import { type Clock } from '@edda/telemetry';
import { createFakeClock } from '@edda/testing';
import { describe, expect, it } from 'vitest';
import { createRetryKeys } from './retry-keys.ts';

const ada = { subject: 'ada', networkId: 'n', roles: new Set(['user'] as const) };
const keysOf = (clock: Clock, cache = createInProcessServer(clock).cache) => createRetryKeys({ clock, cache });
const body = { model: 'm', messages: [] };

describe('domain.md, idempotency: a client that retries without a key is not billed twice', () => {
  it('a retry gets its first attempt’s key for two minutes', async () => {
    const clock = createFakeClock(new Date(0));
    const keys = keysOf(clock);
    const first = await keys.keyFor(ada, 'chat', body, 0);
    clock.advance(119_999);
    expect(await keys.keyFor(ada, 'chat', body, 1)).toBe(first);
    expect(await keys.keyFor(ada, 'chat', body, 2)).toBe(first);
    clock.advance(1);
    expect(await keys.keyFor(ada, 'chat', body, 3)).not.toBe(first);
  });

  it('other content, another caller, another tenant, another method is another request', async () => {
    const keys = keysOf(createFakeClock(new Date(0)));
    const first = await keys.keyFor(ada, 'chat', body, 0);
    const others = [
      await keys.keyFor(ada, 'chat', { ...body, model: 'n' }, 1),
      await keys.keyFor({ ...ada, subject: 'bob' }, 'chat', body, 1),
      await keys.keyFor({ ...ada, networkId: 'm' }, 'chat', body, 1),
      await keys.keyFor(ada, 'completions', body, 1),
    ];
    expect(new Set([first, ...others]).size).toBe(5);
  });

  it('the same content sent anew, or by a client that marks nothing, is a request of its own', async () => {
    const keys = keysOf(createFakeClock(new Date(0)));
    const first = await keys.keyFor(ada, 'chat', body, 0);
    expect(await keys.keyFor(ada, 'chat', body, undefined)).toBe('');
    expect(await keys.keyFor(ada, 'chat', body, 1)).toBe(first);
    const anew = await keys.keyFor(ada, 'chat', body, 0);
    expect(anew).not.toBe(first);
  });

  it('a retry that reaches another replica gets the key too', async () => {
    const clock = createFakeClock(new Date(0));
    const { cache } = createInProcessServer(clock);
    const [one, two, three] = [keysOf(clock, cache), keysOf(clock, cache), keysOf(clock, cache)];
    const first = await one.keyFor(ada, 'chat', body, 0);
    expect(await two.keyFor(ada, 'chat', body, 1)).toBe(first);
    const anew = await two.keyFor(ada, 'chat', body, 0);
    expect(await three.keyFor(ada, 'chat', body, 1)).toBe(anew);
  });

  it('retries whose first attempt nobody saw are one request, wherever they arrive', async () => {
    const clock = createFakeClock(new Date(0));
    const { cache } = createInProcessServer(clock);
    const keys = await Promise.all(Array.from({ length: 4 }, () => keysOf(clock, cache).keyFor(ada, 'chat', body, 1)));
    expect(new Set(keys).size).toBe(1);
  });
});
