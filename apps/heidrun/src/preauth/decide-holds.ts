import { common, enumName } from '@edda/contracts';
import { heidrunFaults } from '../faults.ts';
import { availableOf } from '../ledger/account-balance.ts';
import { userKey, walletOf } from '../ledger/account-names.ts';
import { priceNotFound, providerUnknown } from '../pricing/price-of.ts';
import { type StoredPrice } from '../pricing/stored-price.ts';
import { pin } from './candidate.ts';
import { type Hold } from './hold.ts';
import { type HoldFacts, priceKey, userOf } from './hold-facts.ts';
import {
  accountFrozen,
  keyOfAnotherTransaction,
  otherContentOfTransaction,
  paymentMethodRequired,
} from './hold-faults.ts';
import { type HeldOutcome, type HoldItem } from './hold-item.ts';
import { planHold } from './plan-hold.ts';
import { limitLeft } from './spending-limit.ts';

export interface DecideHoldsOptions {
  /** A fresh unique id. */
  newId: () => string;
  /** Commission that new holds pin, basis points. */
  rateBps: number;
  /** Asked before each new hold, not before a repeated one. @throws OUTBOX_FULL */
  assertCapacity: () => void;
}

/**
 * Decides a batch of calls in their order, without any I/O, as if each had come alone: what one takes off a wallet the
 * next does not find there any more, and a call that is refused changes nothing for the others.
 * @returns one entry per item: the hold to be stored, an earlier one of the same transaction, or why there is none
 */
export function decideHolds(
  items: readonly HoldItem[],
  facts: HoldFacts,
  options: DecideHoldsOptions,
): (HeldOutcome | Error)[] {
  const byTransaction = new Map(facts.earlier.map((hold) => [hold.transactionId, hold]));
  const keys = new Set(facts.earlier.map(keyOf));
  const heldByWallet = new Map<string, bigint>();
  const decide = (item: HoldItem): HeldOutcome | Error => {
    const known = byTransaction.get(item.request.transactionId);
    if (known !== undefined) {
      return known.requestHash === item.origin.requestHash
        ? { hold: known, replayed: true }
        : otherContentOfTransaction();
    }
    options.assertCapacity();
    const wallet = walletOf(userOf(item));
    const hold = holdAnew(item, facts, heldByWallet.get(wallet) ?? 0n, options);
    if (keys.has(keyOf(hold))) return keyOfAnotherTransaction();
    heldByWallet.set(wallet, (heldByWallet.get(wallet) ?? 0n) + hold.heldCents);
    byTransaction.set(hold.transactionId, hold);
    keys.add(keyOf(hold));
    return { hold, replayed: false };
  };
  return items.map((item) => {
    try {
      return decide(item);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  });
}

const keyOf = ({ caller, idempotencyKey }: Pick<Hold, 'caller' | 'idempotencyKey'>): string =>
  `${caller}\n${idempotencyKey}`;

/** @throws why the call gets no hold; `heldCents` is what the batch has taken off its wallet so far */
function holdAnew(item: HoldItem, facts: HoldFacts, heldCents: bigint, { newId, rateBps }: DecideHoldsOptions): Hold {
  const { request, wanted, origin } = item;
  const { now } = facts;
  const prices = pinnedPrices(item, facts);
  const wallet = facts.wallets.get(walletOf(userOf(item)));
  if (wallet?.frozen === true) throw accountFrozen();
  if (!facts.ready.has(userKey(userOf(item)))) throw paymentMethodRequired();
  const plan = planHold({
    prices: prices.map(({ price }) => price),
    amount: wanted.amount,
    maxCostCents: wanted.maxCostCents ?? wallet?.defaultMaxCostCents ?? undefined,
    availableCents: (wallet === undefined ? 0n : availableOf(wallet)) - heldCents,
    limit: wallet && limitLeft(wallet, facts.spent.get(wallet.id), heldCents),
  });
  return {
    ...origin,
    id: newId(),
    transactionId: request.transactionId,
    requestId: request.requestId,
    requesterId: request.requesterId,
    networkId: request.networkId,
    model: request.model,
    heldCents: plan.heldCents,
    inputTokens: wanted.input.tokens,
    outputBudgetTokens: plan.outputBudgetTokens,
    inputMethod: enumName(common.TokenMethod, wanted.input.method) ?? 'REPORTED',
    tokenizer: wanted.input.tokenizer,
    candidates: prices.map((stored, index) => pin(stored, plan.estimatesCents[index] ?? 0n)),
    commissionRateBps: rateBps,
    createdAt: now,
    expiresAt: new Date(now.getTime() + wanted.ttlSeconds * 1_000),
  };
}

/** The candidates' prices in force, in their order, compared with what the ranking was made with. */
function pinnedPrices(
  { request: { model }, wanted: { candidates } }: HoldItem,
  { prices, unpriced }: HoldFacts,
): StoredPrice[] {
  return candidates.map(({ providerId, priceVersion }, index) => {
    const stored = prices.get(priceKey(providerId, model));
    const field = `candidates.${index}.provider_id`;
    if (unpriced.has(providerId)) throw providerUnknown(providerId, field);
    if (stored === undefined) throw priceNotFound(providerId, model, field);
    if (priceVersion !== 0n && priceVersion !== stored.version) {
      throw heidrunFaults.PRICE_VERSION_CHANGED(`the price of ${providerId} is now at version ${stored.version}`, {
        metadata: { provider_id: providerId, price_version: String(stored.version) },
        violations: [{ field: `candidates.${index}.price_version`, description: `is now ${stored.version}` }],
      });
    }
    return stored;
  });
}
