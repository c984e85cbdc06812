import { BPS_PER_WHOLE, checkAmount, checkRate } from './limits.ts';

/** A total in its two parts, in cents; they always sum to the total. */
export interface Settlement {
  companyFeeCents: bigint;
  providerEarningsCents: bigint;
}

/**
 * Splits a total into commission and earnings without memory of earlier ones:
 * `fee = ⌊total × rate / 10,000⌋`, earnings are the rest (domain rules, Money).
 * What is booked uses settleWithCarry, so that tiny requests still pay their commission.
 * @param totalCents 0 to INT64_MAX
 * @param rateBps commission in basis points, 1,000 to 1,500
 * @throws AMOUNT_OUT_OF_RANGE, AMOUNT_OVERFLOW, COMMISSION_RATE_OUT_OF_RANGE
 */
export function settle(totalCents: bigint, rateBps: bigint): Settlement {
  checkAmount(totalCents, 'the total');
  checkRate(rateBps);
  const companyFeeCents = (totalCents * rateBps) / BPS_PER_WHOLE;
  return { companyFeeCents, providerEarningsCents: totalCents - companyFeeCents };
}
