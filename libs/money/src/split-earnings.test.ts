import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { legs } from '../test/arbitraries.ts';
import { fraction, isLess, minus, plus, type Fraction } from '../test/fraction.ts';
import { outputPriceOf, splitEarnings, type PricedLeg } from './index.ts';

/** Largest remainder as it is explained at a table: deal cents one by one to whoever is furthest behind. */
function dealOut(some: readonly PricedLeg[], earnings: bigint): bigint[] {
  const costs = some.map(({ inputTokens, outputTokens, price }) =>
    fraction(inputTokens * price.priceCents + outputTokens * outputPriceOf(price), price.unitTokens),
  );
  const whole = costs.reduce(plus, fraction(0n));
  const behind: Fraction[] = costs.map((cost) => fraction(earnings * cost.over * whole.under, cost.under * whole.over));
  const dealt = some.map(() => 0n);
  for (let cent = 0n; cent < earnings; cent++) {
    let furthest = 0;
    behind.forEach((gap, leg) => {
      if (isLess(behind[furthest] ?? gap, gap)) furthest = leg;
    });
    dealt[furthest] = (dealt[furthest] ?? 0n) + 1n;
    behind[furthest] = minus(behind[furthest] ?? fraction(0n), fraction(1n));
  }
  return dealt;
}

const leg = (outputTokens: bigint): PricedLeg => ({
  inputTokens: 0n,
  outputTokens,
  price: { priceCents: 1n, unitTokens: 1_000n },
});

describe('splitEarnings (Money: largest remainder, ties to the earlier leg)', () => {
  it('agrees with dealing cents out one by one', () => {
    const paid = legs.filter((some) => some.some((one) => one.inputTokens * one.price.priceCents > 0n));
    fc.assert(
      fc.property(paid, fc.bigInt(0n, 40n), (some, earnings) => {
        expect(splitEarnings(some, earnings)).toEqual(dealOut(some, earnings));
      }),
    );
  });

  it('gives a tie to the earlier leg', () => {
    expect(splitEarnings([leg(5n), leg(5n)], 3n)).toEqual([2n, 1n]);
    expect(splitEarnings([leg(1n), leg(1n), leg(1n)], 2n)).toEqual([1n, 1n, 0n]);
  });

  it('weighs legs by their own price and unit', () => {
    const dear: PricedLeg = { inputTokens: 1n, outputTokens: 0n, price: { priceCents: 3n, unitTokens: 1n } };
    expect(splitEarnings([leg(1_000n), dear], 8n)).toEqual([2n, 6n]);
  });

  it('gives free legs nothing and refuses earnings nobody made', () => {
    expect(splitEarnings([leg(0n), leg(7n)], 5n)).toEqual([0n, 5n]);
    expect(splitEarnings([leg(0n)], 0n)).toEqual([0n]);
    for (const some of [[], [leg(0n)]]) {
      expect(() => splitEarnings(some, 1n)).toThrow(expect.objectContaining({ reason: 'EARNINGS_NOT_ATTRIBUTABLE' }));
    }
  });
});
