import { affordableOutputTokens, costOfLegs, costOfTokens, MAX_TOKENS, type Price } from '@edda/money';
import { heidrunFaults } from '../faults.ts';
import { type LimitLeft, spendingLimitExceeded } from './spending-limit.ts';

/** How much to hold for: a total, or an input with an output budget. */
export type HoldAmount =
  | { kind: 'total'; tokens: bigint }
  | {
      kind: 'split';
      inputTokens: bigint;
      maxOutputTokens?: bigint | undefined;
      contextLeftTokens?: bigint | undefined;
    };

export interface HoldQuestion {
  /** The candidates' prices, best candidate first. */
  prices: readonly Price[];
  amount: HoldAmount;
  maxCostCents?: bigint | undefined;
  /** What the wallet can spend now. */
  availableCents: bigint;
  /** What the requester's own spending limit leaves, where there is one. */
  limit?: LimitLeft | undefined;
}

export interface HoldPlan {
  /** The largest estimate. */
  heldCents: bigint;
  /** 0 for a total. */
  outputBudgetTokens: bigint;
  /** One per price. */
  estimatesCents: bigint[];
}

/**
 * How much to hold (domain rules, Pre-authorization): the largest estimate over the candidates, where the output
 * budget is `max_output_tokens`, else the smallest of what is left of the context, what max cost buys, what the spending limit
 * leaves and what the wallet buys, with any candidate.
 * @throws MAX_COST_EXCEEDED, SPENDING_LIMIT_EXCEEDED, INSUFFICIENT_FUNDS, TOKEN_SPLIT_REQUIRED, AMOUNT_OVERFLOW
 */
export function planHold(question: HoldQuestion): HoldPlan {
  const { prices, amount, maxCostCents, availableCents, limit } = question;
  const outputBudgetTokens = amount.kind === 'total' ? 0n : outputBudget(question, amount);
  const estimatesCents = prices.map((price) => estimate(price, amount, outputBudgetTokens));
  const heldCents = largest(estimatesCents);
  if (maxCostCents !== undefined && heldCents > maxCostCents) throw maxCostExceeded(heldCents, maxCostCents);
  if (limit !== undefined && heldCents > limit.leftCents) throw spendingLimitExceeded(heldCents, limit);
  if (heldCents > availableCents) throw insufficientFunds(heldCents, availableCents);
  return { heldCents, outputBudgetTokens, estimatesCents };
}

function outputBudget(question: HoldQuestion, amount: HoldAmount & { kind: 'split' }): bigint {
  if (amount.maxOutputTokens !== undefined) return amount.maxOutputTokens;
  const { prices, maxCostCents, availableCents, limit } = question;
  const room = amount.contextLeftTokens ?? MAX_TOKENS;
  const buys = (budgetCents: bigint) =>
    prices
      .map((price) => affordableOutputTokens({ budgetCents, inputTokens: amount.inputTokens, price }))
      .reduce((least, tokens) => (tokens < least ? tokens : least), room);
  // A budget that buys no output at all is worth no hold: it is refused with what one token would cost.
  const least = room < 1n ? room : 1n;
  const required = () => largest(prices.map((price) => estimate(price, amount, least)));
  const byMaxCost = maxCostCents === undefined ? room : buys(maxCostCents);
  if (maxCostCents !== undefined && byMaxCost < least) throw maxCostExceeded(required(), maxCostCents);
  const byLimit = limit === undefined ? room : bought(limit.leftCents, buys);
  if (limit !== undefined && byLimit < least) throw spendingLimitExceeded(required(), limit);
  const byWallet = bought(availableCents, buys);
  if (byWallet < least) throw insufficientFunds(required(), availableCents);
  return [byMaxCost, byLimit, byWallet].reduce((fewest, tokens) => (tokens < fewest ? tokens : fewest));
}

const bought = (cents: bigint, buys: (cents: bigint) => bigint): bigint => (cents < 0n ? -1n : buys(cents));

function estimate(price: Price, amount: HoldAmount, outputTokens: bigint): bigint {
  if (amount.kind === 'total') return costOfTokens(amount.tokens, price);
  return costOfLegs([{ inputTokens: amount.inputTokens, outputTokens, price }]);
}

const largest = (amounts: readonly bigint[]): bigint =>
  amounts.reduce((most, cents) => (cents > most ? cents : most), 0n);

function maxCostExceeded(estimated: bigint, maxCost: bigint): Error {
  return heidrunFaults.MAX_COST_EXCEEDED(`the request may cost ${estimated} cents, allowed are ${maxCost}`, {
    metadata: { estimated_cost_cents: String(estimated), max_cost_cents: String(maxCost) },
    violations: [{ field: 'max_cost_cents', description: `is below the estimate of ${estimated}` }],
  });
}

function insufficientFunds(required: bigint, available: bigint): Error {
  return heidrunFaults.INSUFFICIENT_FUNDS(`the request may cost ${required} cents, the wallet has ${available}`, {
    metadata: { required_cents: String(required), available_cents: String(available) },
    violations: [{ field: 'requester_id', description: `has ${available} cents available, ${required} are needed` }],
  });
}
