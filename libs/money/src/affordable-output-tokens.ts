import { checkAmount, checkPrice, checkTokens, MAX_TOKENS } from './limits.ts';
import { outputPriceOf, type Price } from './price.ts';

export interface Affordability {
  /** 0 to INT64_MAX. */
  budgetCents: bigint;
  /** 0 to 10^12. */
  inputTokens: bigint;
  price: Price;
}

/**
 * The most output tokens a budget buys after the input is paid.
 *
 * A rounded-up cost stays within a whole-cent budget exactly when the unrounded one does, so
 * `⌈(input × p + output × q) / unit⌉ ≤ budget` solves to `output = ⌊(budget × unit − input × p) / q⌋`.
 * @returns 0 to MAX_TOKENS (which is also the answer for free output), or -1 when the input alone is too dear
 * @throws AMOUNT_OUT_OF_RANGE, AMOUNT_OVERFLOW, TOKEN_COUNT_OUT_OF_RANGE, PRICE_OUT_OF_RANGE
 */
export function affordableOutputTokens({ budgetCents, inputTokens, price }: Affordability): bigint {
  checkAmount(budgetCents, 'the budget');
  checkTokens(inputTokens, 'input tokens');
  checkPrice(price);
  const left = budgetCents * price.unitTokens - inputTokens * price.priceCents;
  if (left < 0n) return -1n;
  const outputPrice = outputPriceOf(price);
  if (outputPrice === 0n) return MAX_TOKENS;
  const affordable = left / outputPrice;
  return affordable < MAX_TOKENS ? affordable : MAX_TOKENS;
}
