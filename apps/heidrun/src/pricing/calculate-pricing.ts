import { type heidrun } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { costOfLegs, costOfTokens, moneyFaults, outputPriceOf } from '@edda/money';
import { z } from 'zod';
import { fields, tokenCount } from '../fields.ts';
import { priceOf, whyNoPrice } from './price-of.ts';
import { priceVersion } from './price-store.ts';
import { type PricingDeps } from './pricing-deps.ts';
import { type StoredPrice } from './stored-price.ts';

const schema = z.object({
  requestId: fields.optionalId,
  providerId: fields.id,
  model: fields.model,
  priceVersion: z.bigint().positive('must be 1 and up').optional(),
});

/** CalculatePricing. With a known price it touches neither database nor promise machinery beyond its own. */
export function createCalculatePricing(deps: PricingDeps) {
  return async (
    request: heidrun.CalculatePricingRequest,
    ctx: CallContext,
  ): Promise<heidrun.CalculatePricingResponse> => {
    parseWith(schema, request);
    const { providerId, model } = request;
    const stored =
      request.priceVersion === undefined
        ? (deps.prices.peek(providerId, model) ?? (await priceOf(deps, providerId, model)))
        : await versionOf(deps, request, request.priceVersion);
    const totalCostCents = costOf(request.amount, stored);
    deps.onCalculation();
    if (deps.logger.isLevelEnabled('info')) log(deps, request, ctx, stored, totalCostCents);
    return {
      totalCostCents,
      priceCents: stored.price.priceCents,
      outputPriceCents: stored.price.outputPriceCents,
      priceUnitTokens: stored.price.unitTokens,
      priceVersion: stored.version,
    };
  };
}

function costOf(amount: heidrun.CalculatePricingRequest['amount'], { price }: StoredPrice): bigint {
  switch (amount?.$case) {
    case 'tokens': {
      const tokens = tokenCount('tokens', amount.value);
      if (outputPriceOf(price) === price.priceCents) return costOfTokens(tokens, price);
      throw moneyFaults.TOKEN_SPLIT_REQUIRED('input and output are priced differently: give both counts', {
        violations: [{ field: 'tokens', description: 'send split.input_tokens and split.output_tokens instead' }],
      });
    }
    case 'split': {
      const inputTokens = tokenCount('split.input_tokens', amount.value.inputTokens);
      const outputTokens = tokenCount('split.output_tokens', amount.value.outputTokens);
      return costOfLegs([{ inputTokens, outputTokens, price }]);
    }
    case undefined:
      throw invalidInput([{ field: 'tokens', description: 'give tokens, or split' }]);
  }
}

async function versionOf(deps: PricingDeps, { providerId, model }: heidrun.CalculatePricingRequest, version: bigint) {
  const stored =
    (await priceVersion(deps.pool, providerId, model, version)) ??
    (await priceVersion(deps.pool, providerId, '', version));
  if (stored === undefined) throw await whyNoPrice(deps, providerId, model, 'price_version');
  return stored;
}

function log(
  deps: PricingDeps,
  request: heidrun.CalculatePricingRequest,
  ctx: CallContext,
  stored: StoredPrice,
  totalCostCents: bigint,
): void {
  const { amount } = request;
  const counts =
    amount?.$case === 'split'
      ? { input_tokens: amount.value.inputTokens, output_tokens: amount.value.outputTokens }
      : { total_tokens: amount?.value };
  deps.logger.info(
    {
      request_id: request.requestId || ctx.requestId,
      provider_id: request.providerId,
      model: request.model,
      ...counts,
      price_cents: stored.price.priceCents,
      output_price_cents: stored.price.outputPriceCents,
      price_unit_tokens: stored.price.unitTokens,
      price_version: stored.version,
      total_cost_cents: totalCostCents,
    },
    'priced',
  );
}
