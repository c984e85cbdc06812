import { divideUp } from './divide-up.ts';
import { checkAmount, checkPrice, checkTokens } from './limits.ts';
import { moneyFaults } from './money-faults.ts';
import { outputPriceOf, type Price } from './price.ts';

/**
 * What a total count costs, in cents: `⌈tokens × price / unit⌉`, multiplied first, rounded up once
 * (domain rules, Money). 1,234 tokens at 3 ct per 1,000 are ⌈3.702⌉ = 4 ct.
 * @returns 0 to INT64_MAX
 * @throws TOKEN_SPLIT_REQUIRED when output has a price of its own: a total cannot be priced then
 * @throws TOKEN_COUNT_OUT_OF_RANGE, PRICE_OUT_OF_RANGE, AMOUNT_OVERFLOW
 */
export function costOfTokens(totalTokens: bigint, price: Price): bigint {
  checkTokens(totalTokens, 'tokens');
  checkPrice(price);
  if (outputPriceOf(price) !== price.priceCents) {
    throw moneyFaults.TOKEN_SPLIT_REQUIRED('input and output are priced differently: give both counts');
  }
  const cost = divideUp(totalTokens * price.priceCents, price.unitTokens);
  checkAmount(cost, 'the cost');
  return cost;
}
