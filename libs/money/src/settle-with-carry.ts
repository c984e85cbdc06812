import { BPS_PER_WHOLE, checkAmount, checkRate } from './limits.ts';
import { moneyFaults } from './money-faults.ts';
import { type Settlement } from './settle.ts';

export interface CarriedSettlement extends Settlement {
  /** Commission not yet charged, in 1/10,000 cent, 0 to 9,999; goes into the provider's next capture. */
  carry: bigint;
}

/**
 * Splits a captured total, taking along what earlier captures of this provider left uncharged:
 * `fee = ⌊(total × rate + carry) / 10,000⌋`, the division's remainder is the next carry
 * (domain rules, Money). Over any run of captures |Σ fee − Σ total × rate| stays below 1 ct,
 * because the difference is first carry − last carry.
 * @param totalCents 0 to INT64_MAX
 * @param rateBps commission in basis points, 1,000 to 1,500
 * @param carry what the previous call returned for this provider, 0 at first
 * @throws AMOUNT_OUT_OF_RANGE, AMOUNT_OVERFLOW, COMMISSION_RATE_OUT_OF_RANGE, COMMISSION_CARRY_OUT_OF_RANGE
 */
export function settleWithCarry(totalCents: bigint, rateBps: bigint, carry: bigint): CarriedSettlement {
  checkAmount(totalCents, 'the total');
  checkRate(rateBps);
  if (carry < 0n || carry >= BPS_PER_WHOLE) {
    throw moneyFaults.COMMISSION_CARRY_OUT_OF_RANGE(`the carry must be 0 to ${BPS_PER_WHOLE - 1n}, got ${carry}`);
  }
  const due = totalCents * rateBps + carry;
  const companyFeeCents = due / BPS_PER_WHOLE;
  return {
    companyFeeCents,
    providerEarningsCents: totalCents - companyFeeCents,
    carry: due % BPS_PER_WHOLE,
  };
}
