import { moneyFaults } from './money-faults.ts';
import { type Price } from './price.ts';

/** Most tokens one count may name (10^12). */
export const MAX_TOKENS = 10n ** 12n;
/** Dearest price, in cents per unit (10^9). */
export const MAX_PRICE_CENTS = 10n ** 9n;
/** Largest unit a price may refer to, in tokens: there is no use for one beyond the largest count. */
export const MAX_UNIT_TOKENS = MAX_TOKENS;
/** Largest amount, in cents: what a PostgreSQL bigint and a protobuf int64 hold. */
export const INT64_MAX = 2n ** 63n - 1n;
/** Lowest and highest commission, in basis points (10 % and 15 %). */
export const MIN_RATE_BPS = 1_000n;
export const MAX_RATE_BPS = 1_500n;
/** Basis points in a whole, and so the size of the commission carry: 1/10,000 cent. */
export const BPS_PER_WHOLE = 10_000n;

/** @throws TOKEN_COUNT_OUT_OF_RANGE unless 0 ≤ tokens ≤ MAX_TOKENS */
export function checkTokens(tokens: bigint, name: string): void {
  if (tokens >= 0n && tokens <= MAX_TOKENS) return;
  throw moneyFaults.TOKEN_COUNT_OUT_OF_RANGE(`${name} must be 0 to ${MAX_TOKENS}, got ${tokens}`);
}

/** @throws PRICE_OUT_OF_RANGE unless each price is 0 to MAX_PRICE_CENTS and the unit 1 to MAX_UNIT_TOKENS */
export function checkPrice(price: Price): void {
  for (const cents of [price.priceCents, price.outputPriceCents ?? 0n]) {
    if (cents < 0n || cents > MAX_PRICE_CENTS) {
      throw moneyFaults.PRICE_OUT_OF_RANGE(`a price must be 0 to ${MAX_PRICE_CENTS} cents, got ${cents}`);
    }
  }
  if (price.unitTokens < 1n || price.unitTokens > MAX_UNIT_TOKENS) {
    throw moneyFaults.PRICE_OUT_OF_RANGE(`a price's unit must be 1 to ${MAX_UNIT_TOKENS}, got ${price.unitTokens}`);
  }
}

/** @throws AMOUNT_OUT_OF_RANGE below zero, AMOUNT_OVERFLOW beyond INT64_MAX */
export function checkAmount(cents: bigint, name: string): void {
  if (cents < 0n) throw moneyFaults.AMOUNT_OUT_OF_RANGE(`${name} must not be negative, got ${cents}`);
  if (cents > INT64_MAX) throw moneyFaults.AMOUNT_OVERFLOW(`${name} exceeds ${INT64_MAX} cents`);
}

/** @throws COMMISSION_RATE_OUT_OF_RANGE unless MIN_RATE_BPS ≤ rate ≤ MAX_RATE_BPS */
export function checkRate(rateBps: bigint): void {
  if (rateBps >= MIN_RATE_BPS && rateBps <= MAX_RATE_BPS) return;
  throw moneyFaults.COMMISSION_RATE_OUT_OF_RANGE(
    `the commission must be ${MIN_RATE_BPS} to ${MAX_RATE_BPS} basis points, got ${rateBps}`,
  );
}
