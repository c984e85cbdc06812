import { expect, it } from 'vitest';
import { createBackoff } from './backoff.ts';

it('doubles up to its cap, takes a random half off, and starts again after a reset', () => {
  const full = createBackoff({ baseMs: 100, maxMs: 1000, random: () => 1 });
  expect([1, 2, 3, 4, 5, 6].map(() => full.next())).toEqual([100, 200, 400, 800, 1000, 1000]);
  full.reset();
  expect(full.next()).toBe(100);
  expect(createBackoff({ baseMs: 100, maxMs: 1000, random: () => 0 }).next()).toBe(50);
});

it('stays at its cap however often it fails', () => {
  const backoff = createBackoff({ baseMs: 1, maxMs: 1000, random: () => 1 });
  for (let n = 0; n < 5000; n++) backoff.next();
  expect(backoff.next()).toBe(1000);
});
