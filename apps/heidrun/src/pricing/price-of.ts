import { heidrunFaults } from '../faults.ts';
import { type PriceCache } from './price-cache.ts';
import { isPriced } from './price-store.ts';
import { type PricingDeps } from './pricing-deps.ts';
import { type StoredPrice } from './stored-price.ts';

type Db = Pick<PricingDeps, 'pool'>;

/** @throws PRICE_NOT_FOUND, PROVIDER_UNKNOWN naming the provider */
export async function priceOf(
  deps: Db & { prices: PriceCache },
  providerId: string,
  model: string,
): Promise<StoredPrice> {
  const stored = await deps.prices.get(providerId, model);
  if (stored === undefined) throw await whyNoPrice(deps, providerId, model);
  return stored;
}

/** Why there is no price: PROVIDER_UNKNOWN where there never was one, else PRICE_NOT_FOUND naming `field`. */
export async function whyNoPrice(
  { pool }: Db,
  providerId: string,
  model: string,
  field = 'provider_id',
): Promise<Error> {
  return (await isPriced(pool, providerId)) ? priceNotFound(providerId, model, field) : providerUnknown(providerId);
}

export function priceNotFound(providerId: string, model: string, field: string): Error {
  return heidrunFaults.PRICE_NOT_FOUND(`provider ${providerId} has no such price for model "${model}"`, {
    metadata: { provider_id: providerId, model },
    violations: [{ field, description: `has no price for model "${model}"` }],
  });
}

export function providerUnknown(providerId: string, field = 'provider_id'): Error {
  return heidrunFaults.PROVIDER_UNKNOWN(`no price was ever set for provider ${providerId}`, {
    metadata: { provider_id: providerId },
    violations: [{ field, description: 'names no provider with a price' }],
  });
}
