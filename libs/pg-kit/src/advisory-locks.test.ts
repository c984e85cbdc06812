import { expect, it } from 'vitest';
import { lockNumbers, namedLock } from './advisory-locks.ts';

it('no two advisory locks share a number, nor do two kinds of named ones', () => {
  expect(lockNumbers.length).toBeGreaterThan(7);
  expect(new Set(lockNumbers.map(String)).size).toBe(lockNumbers.length);
});

it('equal names of different things are different locks', () => {
  expect(namedLock('providerPrices', '$1')).not.toBe(namedLock('paymentMethods', '$1'));
});
