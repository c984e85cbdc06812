import { type Price } from '@edda/money';
import { describe, expect, it } from 'vitest';
import { type HoldQuestion, planHold } from './plan-hold.ts';

const price = (priceCents: bigint, outputPriceCents?: bigint): Price => ({
  priceCents,
  unitTokens: 1_000n,
  ...(outputPriceCents !== undefined && { outputPriceCents }),
});
const plan = (more: Partial<HoldQuestion> & Pick<HoldQuestion, 'amount'>) =>
  planHold({ prices: [price(3n)], availableCents: 1_000n, ...more });
const open = { kind: 'split', inputTokens: 1_000n } as const;

describe('planHold (domain rules, Pre-authorization)', () => {
  it('holds the largest estimate over the candidates', () => {
    const amount = { ...open, maxOutputTokens: 500n };
    expect(plan({ prices: [price(3n), price(1n, 20n)], amount })).toEqual({
      heldCents: 11n,
      outputBudgetTokens: 500n,
      estimatesCents: [5n, 11n],
    });
  });

  it('takes max_output_tokens as the budget, else the smallest of context, max cost and wallet', () => {
    expect(plan({ amount: { ...open, maxOutputTokens: 7n, contextLeftTokens: 3n } }).outputBudgetTokens).toBe(7n);
    expect(plan({ amount: { ...open, contextLeftTokens: 40n } }).outputBudgetTokens).toBe(40n);
    expect(plan({ amount: open, maxCostCents: 9n }).outputBudgetTokens).toBe(2_000n);
    expect(plan({ amount: open, availableCents: 6n }).outputBudgetTokens).toBe(1_000n);
    expect(plan({ amount: open, maxCostCents: 9n, availableCents: 6n }).outputBudgetTokens).toBe(1_000n);
  });

  it('budgets for the dearest candidate, so that failover stays within the hold', () => {
    const { outputBudgetTokens, heldCents } = plan({ prices: [price(1n), price(5n)], amount: open, maxCostCents: 10n });
    expect([outputBudgetTokens, heldCents]).toEqual([1_000n, 10n]);
  });

  it('holds a total where only that is known, and refuses it under two prices', () => {
    const amount = { kind: 'total', tokens: 1_234n } as const;
    expect(plan({ amount })).toMatchObject({ heldCents: 4n, outputBudgetTokens: 0n });
    expect(() => plan({ prices: [price(1n, 2n)], amount })).toThrow(/priced differently/);
  });

  it('refuses what exceeds max cost before it looks at the wallet', () => {
    const amount = { ...open, maxOutputTokens: 1_000n };
    const refuse = (more: Partial<HoldQuestion>) => () => plan({ amount, ...more });
    expect(refuse({ maxCostCents: 5n, availableCents: 0n })).toThrow(
      expect.objectContaining({
        reason: 'MAX_COST_EXCEEDED',
        metadata: { estimated_cost_cents: '6', max_cost_cents: '5' },
      }),
    );
    expect(refuse({ maxCostCents: 6n, availableCents: 5n })).toThrow(
      expect.objectContaining({
        reason: 'INSUFFICIENT_FUNDS',
        metadata: { required_cents: '6', available_cents: '5' },
      }),
    );
  });

  it('refuses an open budget that buys not one token of output, naming what one would cost', () => {
    expect(() => plan({ amount: open, availableCents: 3n })).toThrow(
      expect.objectContaining({
        reason: 'INSUFFICIENT_FUNDS',
        metadata: { required_cents: '4', available_cents: '3' },
      }),
    );
    expect(() => plan({ amount: open, maxCostCents: 2n })).toThrow(
      expect.objectContaining({ reason: 'MAX_COST_EXCEEDED' }),
    );
  });

  it('holds nothing for a free provider, even with an empty wallet', () => {
    const { heldCents } = plan({ prices: [price(0n)], amount: { ...open, contextLeftTokens: 9n }, availableCents: 0n });
    expect(heldCents).toBe(0n);
  });
});
