/**
 * What a provider asks for a model: `priceCents` per `unitTokens` tokens, for input and output alike
 * unless `outputPriceCents` names another price for output. A larger unit makes cheap models
 * expressible in whole cents.
 */
export interface Price {
  /** Cents per unit, 0 to 10^9. */
  priceCents: bigint;
  /** Cents per unit of output, 0 to 10^9. */
  outputPriceCents?: bigint;
  /** Tokens per unit, 1 to 10^12; usually 1,000. */
  unitTokens: bigint;
}

/** What one provider delivered within a request, at that provider's pinned price. */
export interface PricedLeg {
  /** 0 to 10^12. */
  inputTokens: bigint;
  /** 0 to 10^12. */
  outputTokens: bigint;
  price: Price;
}

/** The price of output per unit. */
export function outputPriceOf(price: Price): bigint {
  return price.outputPriceCents ?? price.priceCents;
}
