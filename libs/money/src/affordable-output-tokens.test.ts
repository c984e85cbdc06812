import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { price, tokens } from '../test/arbitraries.ts';
import { affordableOutputTokens, costOfLegs, INT64_MAX, MAX_TOKENS } from './index.ts';

describe('affordableOutputTokens (Pre-authorization: what max cost buys)', () => {
  it('is exact: the answer fits the budget and one token more does not', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 6n), tokens, price, (budgetCents, inputTokens, somePrice) => {
        const cost = (outputTokens: bigint) => costOfLegs([{ inputTokens, outputTokens, price: somePrice }]);
        const most = affordableOutputTokens({ budgetCents, inputTokens, price: somePrice });
        if (most >= 0n) expect(cost(most)).toBeLessThanOrEqual(budgetCents);
        if (most < MAX_TOKENS) expect(cost(most + 1n)).toBeGreaterThan(budgetCents);
      }),
      { numRuns: 1_000 },
    );
  });

  const twoPrices = { priceCents: 3n, outputPriceCents: 15n, unitTokens: 1_000n };

  it('answers 0 when the input uses the budget up, and -1 when the input alone exceeds it', () => {
    expect(affordableOutputTokens({ budgetCents: 3n, inputTokens: 1_000n, price: twoPrices })).toBe(0n);
    expect(affordableOutputTokens({ budgetCents: 3n, inputTokens: 1_001n, price: twoPrices })).toBe(-1n);
  });

  it('is bounded by the largest count when output is free or the budget huge', () => {
    const free = { ...twoPrices, outputPriceCents: 0n };
    expect(affordableOutputTokens({ budgetCents: 3n, inputTokens: 1_000n, price: free })).toBe(MAX_TOKENS);
    expect(affordableOutputTokens({ budgetCents: INT64_MAX, inputTokens: 0n, price: twoPrices })).toBe(MAX_TOKENS);
  });

  it('refuses a negative budget and one beyond int64', () => {
    const ask = (budgetCents: bigint) => () =>
      affordableOutputTokens({ budgetCents, inputTokens: 0n, price: twoPrices });
    expect(ask(-1n)).toThrow(expect.objectContaining({ reason: 'AMOUNT_OUT_OF_RANGE' }));
    expect(ask(INT64_MAX + 1n)).toThrow(expect.objectContaining({ reason: 'AMOUNT_OVERFLOW' }));
  });
});
