import { describe, expect, it } from 'vitest';
import { formatCents, INT64_MAX, toJsonInteger } from './index.ts';

describe('formatCents', () => {
  it.each([
    [4n, 'EUR', '€0.04'],
    [0n, 'EUR', '€0.00'],
    [100n, 'USD', '$1.00'],
    [-123_456n, 'EUR', '-€1,234.56'],
    [1_500n, 'JPY', '¥1,500'],
    [INT64_MAX, 'EUR', '€92,233,720,368,547,758.07'],
  ])('shows %i in %s as %s', (cents, currency, text) => {
    expect(formatCents(cents, currency)).toBe(text);
  });

  it('refuses what is no currency code', () => {
    expect(() => formatCents(1n, 'EURO')).toThrow(expect.objectContaining({ reason: 'CURRENCY_UNKNOWN' }));
  });
});

describe('toJsonInteger (Money: a JSON number up to 2^53 − 1, refused beyond)', () => {
  it.each([0n, -5n, 2n ** 53n - 1n, -(2n ** 53n) + 1n])('passes %i', (value) => {
    expect(BigInt(toJsonInteger(value))).toBe(value);
  });

  it.each([2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), INT64_MAX])('refuses %i', (value) => {
    expect(() => toJsonInteger(value)).toThrow(expect.objectContaining({ reason: 'JSON_INTEGER_OVERFLOW' }));
  });
});
