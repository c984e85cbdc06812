import { type nornen } from '@edda/contracts';

export interface QuotedPrice {
  priceCents: bigint;
  unitTokens: bigint;
}

/** The dearest price per token among all models, input and output; a policy bounds what is asked for at most. */
export function dearestPrice(models: readonly nornen.OfferedModel[]): QuotedPrice {
  const quoted = models.flatMap(({ priceCents, outputPriceCents, priceUnitTokens: unitTokens }) => [
    { priceCents, unitTokens },
    ...(outputPriceCents === undefined ? [] : [{ priceCents: outputPriceCents, unitTokens }]),
  ]);
  // a/b > c/d without dividing: both units are positive.
  return quoted.reduce((dearest, next) =>
    next.priceCents * dearest.unitTokens > dearest.priceCents * next.unitTokens ? next : dearest,
  );
}
