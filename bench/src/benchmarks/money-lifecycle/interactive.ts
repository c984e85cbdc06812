import { randomUUID } from 'node:crypto';
import { appendAudit } from '@edda/audit';
import {
  auditCaptured,
  auditHeld,
  capturePosted,
  claimHolds,
  decideHolds,
  decideResolutions,
  type Hold,
  holdCreated,
  type HoldFacts,
  type HoldItem,
  lockWallets,
  findEarlierHolds,
  priceKey,
  pricesInForceOf,
  readyToPay,
  walletOf,
} from '@edda/app-heidrun/store';
import { appendEvents, inTransaction } from '@edda/pg-kit';
import { type ClientBase, type Pool } from 'pg';
import { type MoneyStore } from './batched.ts';
import { insertCapture, insertHold, postCapture } from './interactive-rows.ts';
import { captureItem, holdItem } from './lifecycle-items.ts';

/**
 * The yardstick: the same decisions and the same rows, each call a transaction of its own with one prepared statement
 * after the other, as an ordinary service would do it.
 */
export function openInteractive(pool: Pool): MoneyStore {
  return {
    async lifecycle(wallet, lifecycle) {
      await capture(pool, await hold(pool, wallet, lifecycle));
    },
    close: async () => undefined,
  };
}

function hold(pool: Pool, wallet: number, lifecycle: number): Promise<Hold> {
  const item = holdItem(wallet, lifecycle);
  return inTransaction(pool, async (client) => {
    const facts = await readFacts(client, item);
    const [outcome] = decideHolds([item], facts, {
      newId: randomUUID,
      rateBps: 1_500,
      assertCapacity: () => undefined,
    });
    if (outcome === undefined || outcome instanceof Error) throw outcome ?? new Error('no outcome');
    await insertHold(client, outcome.hold);
    await appendEvents(client, [holdCreated(outcome.hold)]);
    await appendAudit(client, [auditHeld(outcome.hold, item.by)]);
    return outcome.hold;
  });
}

/** What one hold is decided by, asked for one after the other. */
async function readFacts(client: ClientBase, item: HoldItem): Promise<HoldFacts> {
  const now = new Date();
  const { request, wanted, origin } = item;
  const user = { networkId: request.networkId, userId: request.requesterId };
  const asked = wanted.candidates.map(({ providerId }) => ({ providerId, model: request.model }));
  const prices = await pricesInForceOf(client, asked, now);
  const ready = await readyToPay(client, [user], now);
  const wallets = await lockWallets(client, [walletOf(user)]);
  const earlier = await findEarlierHolds(client, [{ transactionId: request.transactionId, ...origin }]);
  const known = prices.flatMap((price) => price ?? []);
  return {
    ...{ now, ready, wallets, earlier, spent: new Map(), unpriced: new Set() },
    prices: new Map(known.map((price) => [priceKey(price.providerId, request.model), price])),
  };
}

function capture(pool: Pool, held: Hold): Promise<void> {
  const item = captureItem(held);
  return inTransaction(pool, async (client) => {
    const now = new Date();
    const claimed = await claimHolds(client, [held.id], [held.candidates[0]?.providerId ?? '']);
    const { decisions, books } = decideResolutions([item], { now, ...claimed });
    const decision = decisions[0];
    if (typeof decision !== 'object' || decision instanceof Error) throw new Error(`not captured: ${String(decision)}`);
    await insertCapture(client, item, decision.settled, books, now);
    await postCapture(client, held, decision.settled, now);
    await appendEvents(client, [capturePosted(held, decision.settled, now)]);
    await appendAudit(client, [auditCaptured(held, decision.settled, item.by, now)]);
  });
}
