import fc from 'fast-check';
import { MAX_PRICE_CENTS, type Price, type PricedLeg } from '../src/index.ts';

/** Small numbers collide (ties, zeros), large ones reach the bounds: both are needed. */
export const tokens = fc.oneof(fc.bigInt(0n, 20n), fc.bigInt(0n, 10n ** 7n));
export const priceCents = fc.oneof(fc.bigInt(0n, 9n), fc.bigInt(0n, MAX_PRICE_CENTS));
export const unitTokens = fc.oneof(fc.constantFrom(1n, 7n, 1_000n, 1_000_000n), fc.bigInt(1n, 10n ** 6n));
export const rateBps = fc.bigInt(1_000n, 1_500n);

export const flatPrice = fc.record({ priceCents, unitTokens });
export const price: fc.Arbitrary<Price> = fc.oneof(
  flatPrice,
  fc.record({ priceCents, outputPriceCents: priceCents, unitTokens }),
);
export const legs: fc.Arbitrary<PricedLeg[]> = fc.array(
  fc.record({ inputTokens: tokens, outputTokens: tokens, price }),
  { maxLength: 4 },
);

/** What a capture left behind: total, fee and the earnings of one to five legs. */
export const capture = fc
  .record({
    feeCents: fc.bigInt(0n, 30n),
    legEarningsCents: fc.array(fc.bigInt(0n, 60n), { minLength: 1, maxLength: 5 }),
  })
  .map((parts) => ({ ...parts, totalCents: parts.legEarningsCents.reduce((sum, part) => sum + part, parts.feeCents) }))
  .filter(({ totalCents }) => totalCents > 0n);

/** `total` cut into positive pieces in order. */
export function cuts(total: bigint): fc.Arbitrary<bigint[]> {
  return fc.uniqueArray(fc.bigInt(1n, total), { maxLength: 12 }).map((points) => {
    const ends = [...new Set([...points, total])].sort((a, b) => (a < b ? -1 : 1));
    return ends.map((end, index) => end - (ends[index - 1] ?? 0n));
  });
}
