import { type heidrun } from '@edda/contracts';
import { type Price } from '@edda/money';

/** One version of a provider's price for a model, as it is stored; `price` is what the formulas take. */
export interface StoredPrice {
  id: string;
  providerId: string;
  /** '' is the price for every model without one of its own. */
  model: string;
  version: bigint;
  price: Price;
  validFrom: Date;
  ownerId: string;
  networkId: string;
  createdAt: Date;
}

export interface PriceRow {
  id: string;
  provider_id: string;
  model: string;
  version: bigint;
  price_cents: bigint;
  output_price_cents: bigint | null;
  unit_tokens: bigint;
  valid_from: Date;
  owner_id: string;
  network_id: string;
  created_at: Date;
}

export function fromRow(row: PriceRow): StoredPrice {
  return {
    id: row.id,
    providerId: row.provider_id,
    model: row.model,
    version: row.version,
    price: {
      priceCents: row.price_cents,
      unitTokens: row.unit_tokens,
      ...(row.output_price_cents !== null && { outputPriceCents: row.output_price_cents }),
    },
    validFrom: row.valid_from,
    ownerId: row.owner_id,
    networkId: row.network_id,
    createdAt: row.created_at,
  };
}

/** As the contract shows it. */
export function toConfig(stored: StoredPrice): heidrun.PricingConfig {
  const { price } = stored;
  return {
    id: stored.id,
    providerId: stored.providerId,
    model: stored.model,
    priceCents: price.priceCents,
    outputPriceCents: price.outputPriceCents,
    priceUnitTokens: price.unitTokens,
    priceVersion: stored.version,
    validFrom: stored.validFrom,
    ownerId: stored.ownerId,
    networkId: stored.networkId,
    createdAt: stored.createdAt,
  };
}
