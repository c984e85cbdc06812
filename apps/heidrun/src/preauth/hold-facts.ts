import { type ClientBase } from 'pg';
import { type UserKey, userKey, walletOf } from '../ledger/account-names.ts';
import { pricedOf, pricesInForceOf } from '../pricing/price-store.ts';
import { type StoredPrice } from '../pricing/stored-price.ts';
import { type Hold } from './hold.ts';
import { type HoldItem } from './hold-item.ts';
import { findEarlierHolds, lockWallets, type LockedWallet } from './hold-store.ts';
import { type Spent, spentOf } from './spending-limit.ts';

/** Everything a batch of holds is decided by, as it is while the wallets are locked. */
export interface HoldFacts {
  now: Date;
  /** By provider and model, see {@link priceKey}. */
  prices: ReadonlyMap<string, StoredPrice>;
  /** Ids of providers for which no price was ever set. */
  unpriced: ReadonlySet<string>;
  /** `userKey`s of those who may pay. */
  ready: ReadonlySet<string>;
  /** By account name; a user without a wallet has none here. */
  wallets: ReadonlyMap<string, LockedWallet>;
  /** By wallet id; of wallets with a spending limit from which something was captured this month. */
  spent: ReadonlyMap<bigint, Spent>;
  /** Holds of the batch's transactions, or with its keys, that were made before. */
  earlier: readonly Hold[];
}

export type ReadyToPay = (client: ClientBase, users: readonly UserKey[], now: Date) => Promise<ReadonlySet<string>>;

export const userOf = ({ request }: HoldItem): UserKey => ({
  networkId: request.networkId,
  userId: request.requesterId,
});
export const priceKey = (providerId: string, model: string): string => `${providerId}\n${model}`;

/**
 * Reads the facts for a batch with as many statements as for one call (one more where a wallet has a spending limit, and
 * one where a price is missing).
 * The wallets are locked after prices and payment methods are read, so that batches with a wallet in common wait for
 * each other over the write only, and before earlier holds are looked for: of parallel duplicates, in whichever
 * process, the later then sees the earlier.
 */
export async function readHoldFacts(
  client: ClientBase,
  items: readonly HoldItem[],
  { now, readyToPay }: { now: Date; readyToPay: ReadyToPay },
): Promise<HoldFacts> {
  const users = [...new Map(items.map((item) => [userKey(userOf(item)), userOf(item)])).values()];
  const wanted = new Map(
    items.flatMap(({ request: { model }, wanted: { candidates } }) =>
      candidates.map(({ providerId }) => [priceKey(providerId, model), { providerId, model }] as const),
    ),
  );
  // Sent one right behind the other; the server runs them in this order.
  const [prices, ready, wallets, earlier] = await Promise.all([
    pricesInForceOf(client, [...wanted.values()], now),
    readyToPay(client, users, now),
    lockWallets(client, users.map(walletOf)),
    findEarlierHolds(
      client,
      items.map(({ request, origin }) => ({ transactionId: request.transactionId, ...origin })),
    ),
  ]);
  return {
    now,
    prices: new Map([...wanted.keys()].flatMap((key, index) => (prices[index] ? [[key, prices[index]]] : []))),
    unpriced: await unpricedOf(
      client,
      [...wanted.values()].filter((_, index) => prices[index] === undefined),
    ),
    ready,
    wallets,
    spent: await spentOf(client, wallets.values(), now),
    earlier,
  };
}

async function unpricedOf(client: ClientBase, missing: readonly { providerId: string }[]): Promise<Set<string>> {
  if (missing.length === 0) return new Set();
  const ids = missing.map(({ providerId }) => providerId);
  const priced = await pricedOf(client, ids);
  return new Set(ids.filter((id) => !priced.has(id)));
}
