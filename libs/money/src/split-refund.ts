import { checkAmount } from './limits.ts';
import { moneyFaults } from './money-faults.ts';

export interface Refund {
  /** What was captured; 0 to INT64_MAX. */
  totalCents: bigint;
  /** The commission in it. */
  feeCents: bigint;
  /** What each leg earned; together with the fee exactly the total. */
  legEarningsCents: readonly bigint[];
  /** All earlier refunds of this capture, and the parts this function split them into. */
  refundedBeforeCents: bigint;
  feeReturnedBeforeCents: bigint;
  legsReturnedBeforeCents: readonly bigint[];
  /** What to give back now; 1 or more. */
  amountCents: bigint;
}

export interface RefundParts {
  feeReturnedCents: bigint;
  legsReturnedCents: bigint[];
}

/**
 * Who gives back how much of a refund. Cumulative: with R = all refunds including this one,
 * `fee returned so far = ⌊fee × R / total⌋`; the rest comes from the legs in proportion to what they
 * earned, by largest remainder (domain rules, Transaction). However a full refund is cut into
 * pieces, its parts sum to exactly the fee and each leg's earnings.
 * @throws REFUND_EXCEEDS_CAPTURED, AMOUNT_OUT_OF_RANGE, AMOUNT_OVERFLOW
 * @throws REFUND_HISTORY_INCONSISTENT when the capture's or the earlier refunds' parts do not add up
 */
export function splitRefund(refund: Refund): RefundParts {
  const { totalCents, feeCents, legEarningsCents, refundedBeforeCents, amountCents } = refund;
  checkHistory(refund);
  if (amountCents <= 0n) throw moneyFaults.AMOUNT_OUT_OF_RANGE(`a refund must be positive, got ${amountCents}`);
  const refunded = refundedBeforeCents + amountCents;
  if (refunded > totalCents) {
    const left = totalCents - refundedBeforeCents;
    throw moneyFaults.REFUND_EXCEEDS_CAPTURED(`${amountCents} cents exceed the ${left} cents left to refund`, {
      metadata: { refundable_cents: left.toString() },
    });
  }
  const feeReturned = (feeCents * refunded) / totalCents;
  const feeReturnedCents = feeReturned - refund.feeReturnedBeforeCents;
  const legsReturnedCents = catchUp(
    legEarningsCents,
    refund.legsReturnedBeforeCents,
    refunded - feeReturned,
    amountCents - feeReturnedCents,
  );
  return { feeReturnedCents, legsReturnedCents };
}

/**
 * Brings the legs' returned amounts from `before` up to their proportional shares of `target` by
 * handing out `increment` cents, each to the leg furthest behind its exact share, ties to the earlier.
 *
 * From a fresh start this is largest remainder. Recomputing largest remainder for every R would not
 * do: growing the amount can shrink a part (the Alabama paradox), and a leg would have to take back
 * a cent it already returned. Here no part is ever negative nor above what the leg earned.
 */
function catchUp(earnings: readonly bigint[], before: readonly bigint[], target: bigint, increment: bigint): bigint[] {
  const whole = sum(earnings);
  const count = BigInt(earnings.length);
  // How far each leg is behind, in 1/whole cents. An earlier refund leaves a leg less than 1 ct ahead,
  // so handing out all but `count` whole cents at once cannot overshoot; the rest goes one by one.
  const behind = earnings.map((earned, leg) => earned * target - (before[leg] ?? 0n) * whole);
  const parts = behind.map((gap) => (gap > count * whole ? gap / whole - count : 0n));
  let left = increment - sum(parts);
  if (left < 0n) throw moneyFaults.REFUND_HISTORY_INCONSISTENT('a leg has returned more than its share');
  for (; left > 0n; left--) {
    const gaps = behind.map((gap, leg) => gap - (parts[leg] ?? 0n) * whole);
    const furthest = gaps.reduce((best, gap, leg) => (gap > (gaps[best] ?? 0n) ? leg : best), 0);
    parts[furthest] = (parts[furthest] ?? 0n) + 1n;
  }
  return parts;
}

function checkHistory(refund: Refund): void {
  const { totalCents, feeCents, legEarningsCents, refundedBeforeCents, legsReturnedBeforeCents } = refund;
  const feeBefore = refund.feeReturnedBeforeCents;
  for (const part of [feeCents, refundedBeforeCents, ...legEarningsCents, ...legsReturnedBeforeCents, totalCents]) {
    checkAmount(part, 'an amount of the capture');
  }
  const captureAddsUp = feeCents + sum(legEarningsCents) === totalCents;
  const refundsAddUp = feeBefore + sum(legsReturnedBeforeCents) === refundedBeforeCents;
  const sameLegs = legEarningsCents.length === legsReturnedBeforeCents.length;
  const nobodyOverpaid = legEarningsCents.every((earned, leg) => (legsReturnedBeforeCents[leg] ?? 0n) <= earned);
  const feeAsDue = totalCents === 0n || feeBefore === (feeCents * refundedBeforeCents) / totalCents;
  if (captureAddsUp && refundsAddUp && sameLegs && nobodyOverpaid && feeAsDue) return;
  throw moneyFaults.REFUND_HISTORY_INCONSISTENT('the parts of this capture and its refunds do not add up');
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
