export { affordableOutputTokens, type Affordability } from './affordable-output-tokens.ts';
export { costOfLegs } from './cost-of-legs.ts';
export { costOfTokens } from './cost-of-tokens.ts';
export { formatCents } from './format-cents.ts';
export {
  BPS_PER_WHOLE,
  INT64_MAX,
  MAX_PRICE_CENTS,
  MAX_RATE_BPS,
  MAX_TOKENS,
  MAX_UNIT_TOKENS,
  MIN_RATE_BPS,
} from './limits.ts';
export { moneyFaults } from './money-faults.ts';
export { outputPriceOf, type Price, type PricedLeg } from './price.ts';
export { settleWithCarry, type CarriedSettlement } from './settle-with-carry.ts';
export { settle, type Settlement } from './settle.ts';
export { splitEarnings } from './split-earnings.ts';
export { splitRefund, type Refund, type RefundParts } from './split-refund.ts';
export { toJsonInteger } from './to-json-integer.ts';
