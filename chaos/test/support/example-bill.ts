import { type common, njordr } from '@edda/contracts';
import { type Bill, type BilledLeg } from '../../src/verify/bill.ts';

const price = { cents: 40n, outputCents: undefined, unitTokens: 1_000n, version: 2n };

/** A leg at 40 cents per 1,000 tokens. */
export const leg = (
  providerId: string,
  inputTokens: bigint,
  outputTokens: bigint,
  earningsCents: bigint,
): BilledLeg => ({
  ...{ ...price, providerId, attempt: 1, inputTokens, outputTokens, earningsCents },
});

/** Of one provider, with 500 input and 1,000 output tokens: 60 cents, 51 of them earned; what differs is said. */
export function exampleBill(changes: Partial<Bill> = {}, finish: keyof typeof common.FinishReason = 'STOP'): Bill {
  const legs = changes.legs ?? [leg('p1', 500n, 1_000n, 51n)];
  const bill: Bill = {
    ...{ id: 't1', state: 'COMPLETED', finish, failureReason: '', estimatedInputTokens: 500n },
    ...{ inputTokens: 500n, outputTokens: 1_000n, costCents: 60n, earningsCents: 51n, feeCents: 9n },
    ...{ started: { heldCents: 100n, outputBudgetTokens: 2_000n }, releasedCents: 40n, checkpoint: [], legs },
    ...{ receipt: undefined, quoted: new Map([['p1', 1n]]) },
    hold: {
      ...{ heldCents: 100n, rateBps: 1_500n, resolution: 'CAPTURED' },
      pinned: ['p1', 'p2'].map((providerId) => ({ ...price, providerId })),
    },
    capture: {
      ...{ finish, cents: 60n },
      legs: legs.map(({ providerId, inputTokens, outputTokens }) => ({
        ...{ providerId, inputTokens, outputTokens, countedOutputTokens: outputTokens },
        ...{ claimedInputTokens: undefined, claimedOutputTokens: undefined },
      })),
    },
    ...changes,
  };
  return { ...bill, receipt: 'receipt' in changes ? changes.receipt : receiptOf(bill) };
}

/** One that nobody pays for. */
export function unpaidBill(state: 'FAILED' | 'CANCELLED', changes: Partial<Bill> = {}): Bill {
  const nothing = { inputTokens: 0n, outputTokens: 0n, costCents: 0n, earningsCents: 0n, feeCents: 0n };
  return exampleBill({
    ...{ ...nothing, state, legs: [], capture: undefined, finish: 'UNSPECIFIED', releasedCents: 100n },
    failureReason: state === 'FAILED' ? 'PROVIDERS_FAILED' : '',
    hold: { ...exampleBill().hold!, resolution: 'CANCELLED' },
    ...changes,
  });
}

/** A receipt that says what the bill says. */
export function receiptOf(bill: Bill): njordr.Receipt {
  return njordr.Receipt.fromPartial({
    ...{ inputTokens: bill.inputTokens, outputTokens: bill.outputTokens, totalCostCents: bill.costCents },
    ...{ providerEarningsCents: bill.earningsCents, companyFeeCents: bill.feeCents },
    releasedCents: bill.releasedCents,
    legs: bill.legs.map(({ providerId, version, cents, earningsCents }) => {
      return { providerId, priceVersion: version, priceCents: cents, earningsCents };
    }),
  });
}
