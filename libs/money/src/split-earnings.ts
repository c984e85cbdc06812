import { legProducts } from './leg-products.ts';
import { checkAmount } from './limits.ts';
import { moneyFaults } from './money-faults.ts';
import { type PricedLeg } from './price.ts';

/**
 * Splits earnings over the legs that made them, in proportion to each leg's exact, unrounded cost, by
 * largest remainder (Hamilton's method): everyone gets their share rounded down, the cents left over
 * go to the largest fractions, ties to the earlier leg (domain rules, Money).
 * @returns one amount in cents per leg, 0 or more; they sum to `earningsCents`
 * @throws EARNINGS_NOT_ATTRIBUTABLE when there are earnings but every leg is free
 * @throws TOKEN_COUNT_OUT_OF_RANGE, PRICE_OUT_OF_RANGE, AMOUNT_OUT_OF_RANGE, AMOUNT_OVERFLOW
 */
export function splitEarnings(legs: readonly PricedLeg[], earningsCents: bigint): bigint[] {
  checkAmount(earningsCents, 'the earnings');
  const weights = legProducts(legs).numerators;
  const whole = weights.reduce((sum, weight) => sum + weight, 0n);
  if (whole === 0n) {
    if (earningsCents === 0n) return weights;
    throw moneyFaults.EARNINGS_NOT_ATTRIBUTABLE(`${earningsCents} cents were earned, but no leg cost anything`);
  }
  const shares = weights.map((weight) => (weight * earningsCents) / whole);
  const leftOver = earningsCents - shares.reduce((sum, share) => sum + share, 0n);
  const byFraction = weights
    .map((weight, leg) => ({ leg, fraction: (weight * earningsCents) % whole }))
    // Array.sort is stable, which leaves the earlier leg first among equals.
    .sort((a, b) => (a.fraction === b.fraction ? 0 : a.fraction < b.fraction ? 1 : -1));
  const rounded = new Set(byFraction.slice(0, Number(leftOver)).map(({ leg }) => leg));
  return shares.map((share, leg) => (rounded.has(leg) ? share + 1n : share));
}
