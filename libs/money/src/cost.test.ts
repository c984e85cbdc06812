import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flatPrice, legs, tokens } from '../test/arbitraries.ts';
import { ceilingByLongDivision, fraction, isLess, plus } from '../test/fraction.ts';
import { costOfLegs, costOfTokens, INT64_MAX, MAX_PRICE_CENTS, MAX_TOKENS, outputPriceOf } from './index.ts';

const threeCents = { priceCents: 3n, unitTokens: 1_000n };

describe('costOfTokens (Money: multiply first, one rounding up)', () => {
  it.each([
    [1_234n, 4n],
    [1_000n, 3n],
    [1_001n, 4n],
    [1n, 1n],
    [0n, 0n],
  ])('%i tokens at 3 ct per 1,000 cost %i ct', (count, cents) => {
    expect(costOfTokens(count, threeCents)).toBe(cents);
  });

  it('agrees with long division by hand', () => {
    fc.assert(
      fc.property(tokens, flatPrice, (count, price) => {
        expect(costOfTokens(count, price)).toBe(ceilingByLongDivision(count * price.priceCents, price.unitTokens));
      }),
    );
  });

  it('prices a cheap model in whole cents through a larger unit', () => {
    expect(costOfTokens(1_000_001n, { priceCents: 3n, unitTokens: 1_000_000n })).toBe(4n);
  });

  it('refuses a total under two prices with TOKEN_SPLIT_REQUIRED, but not under two equal ones', () => {
    const price = { ...threeCents, outputPriceCents: 6n };
    expect(() => costOfTokens(1n, price)).toThrow(expect.objectContaining({ reason: 'TOKEN_SPLIT_REQUIRED' }));
    expect(costOfTokens(1_234n, { ...threeCents, outputPriceCents: 3n })).toBe(4n);
  });

  it('takes the largest count at the largest price for the usual unit, and refuses what exceeds an int64', () => {
    expect(costOfTokens(MAX_TOKENS, { priceCents: MAX_PRICE_CENTS, unitTokens: 1_000n })).toBe(10n ** 18n);
    expect(() => costOfTokens(MAX_TOKENS, { priceCents: MAX_PRICE_CENTS, unitTokens: 1n })).toThrow(
      expect.objectContaining({ reason: 'AMOUNT_OVERFLOW' }),
    );
    expect(costOfTokens(MAX_TOKENS, { priceCents: 9_223_372n, unitTokens: 1n })).toBeLessThan(INT64_MAX);
  });

  it.each([
    [-1n, threeCents, 'TOKEN_COUNT_OUT_OF_RANGE'],
    [MAX_TOKENS + 1n, threeCents, 'TOKEN_COUNT_OUT_OF_RANGE'],
    [1n, { priceCents: -1n, unitTokens: 1n }, 'PRICE_OUT_OF_RANGE'],
    [1n, { priceCents: MAX_PRICE_CENTS + 1n, unitTokens: 1n }, 'PRICE_OUT_OF_RANGE'],
    [1n, { priceCents: 1n, outputPriceCents: -1n, unitTokens: 1n }, 'PRICE_OUT_OF_RANGE'],
    [1n, { priceCents: 1n, unitTokens: 0n }, 'PRICE_OUT_OF_RANGE'],
    [1n, { priceCents: 1n, unitTokens: MAX_TOKENS + 1n }, 'PRICE_OUT_OF_RANGE'],
  ])('refuses %i tokens at %o with %s', (count, price, reason) => {
    expect(() => costOfTokens(count, price)).toThrow(expect.objectContaining({ reason }));
    const leg = { inputTokens: count, outputTokens: 0n, price };
    expect(() => costOfLegs([leg])).toThrow(expect.objectContaining({ reason }));
  });
});

describe('costOfLegs (Money: sum the exact products of all legs, then round once)', () => {
  it('is the one whole number not below the exact sum and less than 1 ct above it', () => {
    fc.assert(
      fc.property(legs, (some) => {
        const exact = some.reduce((sum, { inputTokens, outputTokens, price }) => {
          const input = fraction(inputTokens * price.priceCents, price.unitTokens);
          const output = fraction(outputTokens * outputPriceOf(price), price.unitTokens);
          return plus(sum, plus(input, output));
        }, fraction(0n));
        const cost = fraction(costOfLegs(some));
        expect(isLess(cost, exact)).toBe(false);
        expect(isLess(cost, plus(exact, fraction(1n)))).toBe(true);
      }),
    );
  });

  it('never rounds per leg or token class: three thirds of a cent are one cent', () => {
    const third = { inputTokens: 1n, outputTokens: 0n, price: { priceCents: 1n, unitTokens: 3n } };
    const sixths = { inputTokens: 1n, outputTokens: 1n, price: { priceCents: 1n, unitTokens: 6n } };
    expect(costOfLegs([third, third, sixths])).toBe(1n);
  });

  it('prices output with its own price', () => {
    const price = { priceCents: 3n, outputPriceCents: 15n, unitTokens: 1_000n };
    expect(costOfLegs([{ inputTokens: 1_000n, outputTokens: 2_000n, price }])).toBe(33n);
  });

  it('costs nothing without legs, and equals costOfTokens for one flat leg', () => {
    expect(costOfLegs([])).toBe(0n);
    fc.assert(
      fc.property(tokens, tokens, flatPrice, (inputTokens, outputTokens, price) => {
        expect(costOfLegs([{ inputTokens, outputTokens, price }])).toBe(
          costOfTokens(inputTokens + outputTokens, price),
        );
      }),
    );
  });

  it('refuses a sum beyond int64', () => {
    const leg = {
      inputTokens: MAX_TOKENS,
      outputTokens: 0n,
      price: { priceCents: 5n * 10n ** 6n, unitTokens: 1n },
    };
    expect(costOfLegs([leg])).toBe(5n * 10n ** 18n);
    expect(() => costOfLegs([leg, leg])).toThrow(expect.objectContaining({ reason: 'AMOUNT_OVERFLOW' }));
  });
});
