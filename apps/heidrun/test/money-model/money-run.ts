import { setTimeout as sleep } from 'node:timers/promises';
import { asFault } from '@edda/faults';
import { expect } from 'vitest';
import { availableOf, type MoneyModel, openingCents, payableOf, withheldOf } from './money-model.ts';
import { type Cast, type MoneyMarket } from './money-market.ts';

/** What a call answered, as far as the model knows it, or why it was refused. */
export type Outcome = { refused: string } | Record<string, unknown>;

/** One run against the service: its people, and what it made so far under the numbers the model uses. */
export interface MoneyRun {
  readonly market: MoneyMarket;
  readonly cast: Cast;
  readonly holds: { preauthId: string; transactionId: string; candidates: readonly number[] }[];
  readonly topUps: string[];
  readonly payouts: string[];
  /** Cents by hold, of captures that were answered as made just then. */
  readonly captured: Map<string, number>;
  /** Calls that succeeded, what they answered, and how to make them again. */
  readonly done: { at: number; answer: Record<string, unknown>; again: () => Promise<Outcome> }[];
  remember(answer: Record<string, unknown>, again: () => Promise<Outcome>): void;
  /** A key that was never used. */
  key(): string;
}

export async function startMoneyRun(market: MoneyMarket, model: MoneyModel): Promise<MoneyRun> {
  const cast = await market.cast(model);
  let keys = 0;
  const key = () => `${cast.users[0]}-${(keys += 1)}`;
  const done: MoneyRun['done'] = [];
  for (const userId of cast.users) {
    for (const kind of ['wallet', 'earnings']) {
      const account = { accountId: `${kind}:${userId}`, amountCents: openingCents };
      await market.admin.adjustBalance({ idempotencyKey: key(), ...account, reason: 'welcome' });
    }
  }
  const remember: MoneyRun['remember'] = (answer, again) =>
    void done.push({ at: market.h.clock.now().getTime(), answer, again });
  return { market, cast, holds: [], topUps: [], payouts: [], captured: new Map(), done, remember, key };
}

/** A call's answer, or the reason it was refused for. */
export async function outcomeOf(call: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await call();
  } catch (error) {
    // About something of which there is none yet.
    if (error instanceof RangeError) return {};
    return { refused: asFault(error).reason };
  }
}

/** What the service has under way may take a moment; while a failure is made smaller, it only costs time. */
const patience = { ms: 15_000 };
const patienceOnceFailedMs = 500;

/** Has the service do all that is due, until its books are the model's. @throws where they do not become so */
export async function expectSettled(model: MoneyModel, run: MoneyRun): Promise<void> {
  const wanted = wantedBooks(model);
  const until = performance.now() + patience.ms;
  for (;;) {
    await run.market.sweep();
    const found = await foundBooks(run);
    const same = JSON.stringify(found, bigintText) === JSON.stringify(wanted, bigintText);
    if (!same && performance.now() < until) {
      await sleep(20);
      continue;
    }
    if (!same) patience.ms = patienceOnceFailedMs;
    expect(found).toEqual(wanted);
    return;
  }
}

function wantedBooks(model: MoneyModel) {
  const users = model.users.map((user, index) => ({
    posted: user.wallet,
    reserved: user.reserved,
    available: availableOf(user),
    payable: payableOf(model, user),
    withheld: withheldOf(model, user),
    payingOut: [...model.payouts, ...model.scheduled]
      .filter((payout) => payout.user === index && (payout.status === 'PENDING' || payout.status === 'IN_TRANSIT'))
      .reduce((sum, { amount }) => sum + amount, 0n),
    frozen: user.frozen,
    autoTopUp: user.autoTopUp !== undefined,
    alerts: [...user.alerts].toSorted(),
  }));
  const openHolds = model.holds.filter(({ state }) => state === 'PENDING').length;
  return { users, openHolds, revenue: model.revenue, clearing: model.clearing };
}

/** Budgets told of, as others are told: each event counts. */
const ALERTS = `
SELECT payload ->> 'user_id' AS "userId", left(payload ->> 'month', 7) || ' ' || (payload ->> 'threshold_percent') AS alert
FROM outbox_events WHERE type = 'heidrun.budget.reached' AND payload ->> 'user_id' = ANY ($1)`;

async function foundBooks({ market, cast }: MoneyRun): Promise<ReturnType<typeof wantedBooks>> {
  const alerts = await market.pool.query<{ userId: string; alert: string }>(ALERTS, [cast.users]);
  const users = cast.users.map(async (userId) => {
    const { balance, autoTopUp } = await market.admin.getBalance({ userId });
    return {
      posted: balance?.postedCents ?? 0n,
      reserved: balance?.reservedCents ?? 0n,
      available: balance?.availableCents ?? 0n,
      payable: balance?.earningsPayableCents ?? 0n,
      withheld: balance?.earningsWithheldCents ?? 0n,
      payingOut: balance?.pendingPayoutCents ?? 0n,
      frozen: balance?.frozen ?? false,
      autoTopUp: autoTopUp?.enabled ?? false,
      alerts: alerts.rows
        .filter((told) => told.userId === userId)
        .map(({ alert }) => alert)
        .toSorted(),
    };
  });
  const open =
    'SELECT count(*) AS holds FROM open_holds o JOIN holds h ON h.id = o.hold_id WHERE h.requester_id = ANY ($1)';
  const { rows } = await market.pool.query<{ holds: bigint }>(open, [cast.users]);
  return { users: await Promise.all(users), openHolds: Number(rows[0]?.holds), ...(await market.books()) };
}

const bigintText = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);
