import { type njordr } from '@edda/contracts';
import { type ProviderRow } from './provider-row.ts';

export interface WantedPrice {
  /** '' is the price of every model without its own. */
  model: string;
  priceCents: bigint;
  outputPriceCents: bigint | undefined;
  unitTokens: bigint;
}

const DEFAULT_UNIT_TOKENS = 1_000n;

/**
 * The prices Heidrun has to be told. A model that had its own price and lost it is given the provider's explicitly,
 * because Heidrun keeps a model's price until there is another.
 */
export function wantedPrices({ configuration, prices }: Pick<ProviderRow, 'configuration' | 'prices'>): WantedPrice[] {
  const wanted: WantedPrice[] = configuration.price === undefined ? [] : [priced('', configuration.price)];
  for (const { model, price } of configuration.models) {
    const known = prices.some((stored) => stored.model === model);
    const own = price ?? (known ? configuration.price : undefined);
    if (own !== undefined) wanted.push(priced(model, own));
  }
  return wanted.filter((price) => !prices.some((stored) => isSame(stored, price)));
}

function priced(model: string, price: njordr.Price): WantedPrice {
  const unitTokens = price.priceUnitTokens === 0n ? DEFAULT_UNIT_TOKENS : price.priceUnitTokens;
  return { model, priceCents: price.priceCents, outputPriceCents: price.outputPriceCents, unitTokens };
}

function isSame(a: WantedPrice, b: WantedPrice): boolean {
  return (
    a.model === b.model &&
    a.priceCents === b.priceCents &&
    a.outputPriceCents === b.outputPriceCents &&
    a.unitTokens === b.unitTokens
  );
}
