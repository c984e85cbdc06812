import { type heidrun } from '@edda/contracts';
import { parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { whyNoPrice } from './price-of.ts';
import { priceInForce, priceVersion } from './price-store.ts';
import { type PricingDeps } from './pricing-deps.ts';
import { toConfig } from './stored-price.ts';

const schema = z.object({
  providerId: fields.id,
  model: fields.text(200),
  priceVersion: z.bigint().positive('must be 1 and up').optional(),
});

/** GetPricingConfig: the price in force, read from the database, or one version. */
export function createGetPricingConfig(deps: PricingDeps) {
  return async (request: heidrun.GetPricingConfigRequest): Promise<heidrun.GetPricingConfigResponse> => {
    parseWith(schema, request);
    const { providerId, model } = request;
    const stored =
      request.priceVersion === undefined
        ? await priceInForce(deps.pool, providerId, model, deps.clock.now())
        : await priceVersion(deps.pool, providerId, model, request.priceVersion);
    if (stored === undefined) {
      const field = request.priceVersion === undefined ? 'provider_id' : 'price_version';
      throw await whyNoPrice(deps, providerId, model, field);
    }
    return { config: toConfig(stored) };
  };
}
