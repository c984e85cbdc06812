import { heidrunFaults } from '../faults.ts';
import { type PriceCache } from './price-cache.ts';
import { type StoredPrice } from './stored-price.ts';

/** @throws PRICE_NOT_FOUND naming the provider */
export async function priceOf(prices: PriceCache, providerId: string, model: string): Promise<StoredPrice> {
  const stored = await prices.get(providerId, model);
  if (stored === undefined) throw priceNotFound(providerId, model);
  return stored;
}

export function priceNotFound(providerId: string, model: string, field = 'provider_id'): Error {
  return heidrunFaults.PRICE_NOT_FOUND(`provider ${providerId} has no price in force for model "${model}"`, {
    metadata: { provider_id: providerId, model },
    violations: [{ field, description: `has no price for model "${model}"` }],
  });
}
