import { common, enumName, type heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { costOfLegs } from '@edda/money';
import { z } from 'zod';
import { fields, tokenCount } from '../fields.ts';
import { countInput, inputField } from '../metering/count-input.ts';
import { priceOf } from './price-of.ts';
import { type PricingDeps } from './pricing-deps.ts';

const schema = z.object({
  requestId: fields.optionalId,
  providerId: fields.id,
  model: fields.model,
  maxOutputTokens: z.bigint(),
  input: inputField,
});

/** QuoteCost: what a request costs when its whole output budget is used. Holds nothing. */
export function createQuoteCost(deps: PricingDeps) {
  return async (request: heidrun.QuoteCostRequest, ctx: CallContext): Promise<heidrun.QuoteCostResponse> => {
    parseWith(schema, request);
    const maxOutputTokens = tokenCount('max_output_tokens', request.maxOutputTokens);
    const stored = await priceOf(deps, request.providerId, request.model);
    const input = await countInput(deps.counter, request.model, request.input);
    const estimatedCostCents = costOfLegs([
      { inputTokens: input.tokens, outputTokens: maxOutputTokens, price: stored.price },
    ]);
    deps.onCalculation();
    deps.logger.info(
      {
        request_id: request.requestId || ctx.requestId,
        provider_id: request.providerId,
        model: request.model,
        input_tokens: input.tokens,
        counting: enumName(common.TokenMethod, input.method),
        tokenizer: input.tokenizer,
        max_output_tokens: maxOutputTokens,
        price_cents: stored.price.priceCents,
        output_price_cents: stored.price.outputPriceCents,
        price_unit_tokens: stored.price.unitTokens,
        price_version: stored.version,
        estimated_cost_cents: estimatedCostCents,
      },
      'quoted',
    );
    return {
      estimatedCostCents,
      estimatedTokens: input.tokens + maxOutputTokens,
      inputTokens: input.tokens,
      method: input.method,
      priceCents: stored.price.priceCents,
      outputPriceCents: stored.price.outputPriceCents,
      priceUnitTokens: stored.price.unitTokens,
      priceVersion: stored.version,
    };
  };
}
