import { affordableOutputTokens, costOfLegs, outputPriceOf, type Price } from '@edda/money';
import { ASSUMED_OUTPUT_TOKENS, type RoutingQuery } from './routing-query.ts';

/** What the request would cost at most, in cents, with the output it asks for. */
export function requestCostCents(query: RoutingQuery, price: Price): bigint {
  const outputTokens = query.maxOutputTokens ?? ASSUMED_OUTPUT_TOKENS;
  return costOfLegs([{ inputTokens: query.inputTokens, outputTokens, price }]);
}

/** Whether the request fits its maximum cost: with all the output it asks for, or with one token where it asks for none. */
export function isAffordable(query: RoutingQuery, price: Price): boolean {
  if (query.maxCostCents === undefined) return true;
  const { inputTokens, maxCostCents } = query;
  const affordable = affordableOutputTokens({ budgetCents: maxCostCents, inputTokens, price });
  return affordable >= (query.maxOutputTokens ?? 1n);
}

/** Cost of this request in cents per 1,000 tokens, for comparing prices only: floating point, never billed. */
export function pricePerThousand(query: RoutingQuery, price: Price): number {
  const input = Number(query.inputTokens);
  const output = Number(query.maxOutputTokens ?? ASSUMED_OUTPUT_TOKENS);
  const perToken =
    (input * Number(price.priceCents) + output * Number(outputPriceOf(price))) / Number(price.unitTokens);
  return (perToken * 1_000) / (input + output);
}
