import { checkPrice, checkTokens } from './limits.ts';
import { outputPriceOf, type PricedLeg } from './price.ts';

/** Each leg's exact cost as a fraction of cents: `numerators[i] / denominator`, all over one denominator. */
export interface LegProducts {
  numerators: bigint[];
  denominator: bigint;
}

/**
 * `tokens × price / unit` per leg without any rounding: legs are brought to the least common multiple
 * of their units, so that legs with different units can be added and compared exactly.
 */
export function legProducts(legs: readonly PricedLeg[]): LegProducts {
  for (const leg of legs) {
    checkTokens(leg.inputTokens, 'input tokens');
    checkTokens(leg.outputTokens, 'output tokens');
    checkPrice(leg.price);
  }
  const denominator = legs.reduce((lcm, { price }) => (lcm / gcd(lcm, price.unitTokens)) * price.unitTokens, 1n);
  const numerators = legs.map(
    ({ inputTokens, outputTokens, price }) =>
      (inputTokens * price.priceCents + outputTokens * outputPriceOf(price)) * (denominator / price.unitTokens),
  );
  return { numerators, denominator };
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
