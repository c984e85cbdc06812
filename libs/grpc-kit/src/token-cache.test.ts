import { expect, it } from 'vitest';
import { createExpiringCache } from './token-cache.ts';

it('forgets a value at its expiry, to the millisecond', () => {
  const cache = createExpiringCache<string>(10);
  cache.set('a', 'x', 1_000);
  expect(cache.get('a', 999)).toBe('x');
  expect(cache.get('a', 1_000)).toBeUndefined();
  expect(cache.size).toBe(0);
});

it('holds no more than its bound, dropping the least recently used', () => {
  const cache = createExpiringCache<number>(2);
  cache.set('a', 1, 100);
  cache.set('b', 2, 100);
  cache.get('a', 0);
  cache.set('c', 3, 100);
  expect([cache.get('a', 0), cache.get('b', 0), cache.get('c', 0)]).toEqual([1, undefined, 3]);
  expect(cache.size).toBe(2);
});
