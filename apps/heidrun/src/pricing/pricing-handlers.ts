import { type heidrun } from '@edda/contracts';
import { type Handlers } from '@edda/grpc-kit';
import { createCalculatePricing } from './calculate-pricing.ts';
import { createGetPricingConfig } from './get-pricing-config.ts';
import { createListPricingConfigs } from './list-pricing-configs.ts';
import { type PricingDeps } from './pricing-deps.ts';
import { createQuoteCost } from './quote-cost.ts';
import { createSetPricingConfig } from './set-pricing-config.ts';

/** PricingService. */
export function createPricingHandlers(deps: PricingDeps): Handlers<typeof heidrun.PricingServiceService> {
  return {
    calculatePricing: createCalculatePricing(deps),
    quoteCost: createQuoteCost(deps),
    setPricingConfig: createSetPricingConfig(deps),
    getPricingConfig: createGetPricingConfig(deps),
    listPricingConfigs: createListPricingConfigs(deps),
  };
}
