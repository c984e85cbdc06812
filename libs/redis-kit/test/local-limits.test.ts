import { createFakeClock } from '@edda/testing';
import { expect, it } from 'vitest';
import { createInProcessServer, createLocalLimits } from '../src/index.ts';

const perMinute = { max: 60, windowMs: 60_000 };

it('a bucket fills evenly, to the millisecond', () => {
  const clock = createFakeClock();
  const limits = createLocalLimits({ clock, maxKeys: 10 });
  expect(limits.take('a', perMinute, 60)).toMatchObject({ allowed: true, remaining: 0, resetMs: 60_000 });
  expect(limits.take('a', perMinute, 1)).toMatchObject({ allowed: false, retryAfterMs: 1_000 });
  clock.advance(999);
  expect(limits.take('a', perMinute, 1)).toMatchObject({ allowed: false, retryAfterMs: 1 });
  clock.advance(1);
  expect(limits.take('a', perMinute, 1)).toMatchObject({ allowed: true, remaining: 0 });
});

it('a clock set back gives nothing and takes nothing', () => {
  const clock = createFakeClock('2026-05-01T00:00:00Z');
  const limits = createLocalLimits({ clock, maxKeys: 10 });
  limits.take('a', perMinute, 50);
  clock.set('2026-04-01T00:00:00Z');
  expect(limits.take('a', perMinute, 1)).toMatchObject({ allowed: true, remaining: 9 });
});

it('keeps at most as many buckets and values as it was told, the latest ones', async () => {
  const clock = createFakeClock();
  const limits = createLocalLimits({ clock, maxKeys: 2 });
  for (const key of ['a', 'b', 'a', 'c']) limits.take(key, perMinute, 10);
  expect(limits.take('a', perMinute, 0).remaining).toBe(40);
  expect(limits.take('b', perMinute, 0).remaining).toBe(60);

  const { cache } = createInProcessServer(clock, 2);
  for (const key of ['a', 'b', 'c']) await cache.set(key, key, 1_000);
  expect(await Promise.all(['a', 'b', 'c'].map((key) => cache.get(key)))).toEqual([undefined, 'b', 'c']);
  clock.advance(1_000);
  expect(await cache.get('c')).toBeUndefined();
});
