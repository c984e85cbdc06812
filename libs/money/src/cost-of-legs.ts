import { divideUp } from './divide-up.ts';
import { legProducts } from './leg-products.ts';
import { checkAmount } from './limits.ts';
import { type PricedLeg } from './price.ts';

/**
 * What a request costs, in cents: `⌈Σ (input × price + output × output price) / unit⌉` over all legs.
 * The sum is exact and rounded up once, never per leg or token class (domain rules, Money).
 * @returns 0 to INT64_MAX; 0 without legs or tokens
 * @throws TOKEN_COUNT_OUT_OF_RANGE, PRICE_OUT_OF_RANGE, AMOUNT_OVERFLOW
 */
export function costOfLegs(legs: readonly PricedLeg[]): bigint {
  const { numerators, denominator } = legProducts(legs);
  const cost = divideUp(
    numerators.reduce((sum, product) => sum + product, 0n),
    denominator,
  );
  checkAmount(cost, 'the cost');
  return cost;
}
