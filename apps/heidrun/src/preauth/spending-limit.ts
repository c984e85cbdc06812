import { type ClientBase } from 'pg';
import { heidrunFaults } from '../faults.ts';
import { type LockedWallet } from './hold-store.ts';

/** What was captured of a wallet, cents, in the UTC day and month of the decision. */
export interface Spent {
  dayCents: bigint;
  monthCents: bigint;
}

const SPENT = `
SELECT wallet_id AS "walletId", sum(spent_cents) FILTER (WHERE day = $2::date)::bigint AS "dayCents",
  sum(spent_cents)::bigint AS "monthCents"
FROM wallet_spending WHERE wallet_id = ANY ($1) AND day BETWEEN date_trunc('month', $2::date)::date AND $2::date
GROUP BY wallet_id`;

/**
 * Reads, for those of the locked wallets that have a limit, what was captured; by wallet id. No statement at all where
 * none has one. It has to follow the lock, so that it sees every capture the lock waited for.
 */
export async function spentOf(
  client: ClientBase,
  wallets: Iterable<LockedWallet>,
  now: Date,
): Promise<Map<bigint, Spent>> {
  const limited = [...wallets].filter((wallet) => wallet.dailyLimitCents !== null || wallet.monthlyLimitCents !== null);
  if (limited.length === 0) return new Map();
  const { rows } = await client.query<{ walletId: bigint; dayCents: bigint | null; monthCents: bigint }>({
    name: 'wallets-spent',
    text: SPENT,
    values: [limited.map(({ id }) => id), now.toISOString().slice(0, 10)],
  });
  return new Map(rows.map((row) => [row.walletId, { dayCents: row.dayCents ?? 0n, monthCents: row.monthCents }]));
}

/** What a limit leaves for a hold, and which one that is. */
export interface LimitLeft {
  limit: 'daily' | 'monthly';
  limitCents: bigint;
  leftCents: bigint;
}

/**
 * What the tighter of a wallet's limits leaves: the limit less what was captured and all that is held, `heldCents` of
 * it by this very batch.
 * @returns undefined without a limit
 */
export function limitLeft(wallet: LockedWallet, spent: Spent | undefined, heldCents: bigint): LimitLeft | undefined {
  const held = wallet.pendingCents + heldCents;
  const left = (limit: LimitLeft['limit'], limitCents: bigint | null, captured: bigint): LimitLeft[] =>
    limitCents === null ? [] : [{ limit, limitCents, leftCents: limitCents - captured - held }];
  const [first, second] = [
    ...left('daily', wallet.dailyLimitCents, spent?.dayCents ?? 0n),
    ...left('monthly', wallet.monthlyLimitCents, spent?.monthCents ?? 0n),
  ];
  return second !== undefined && first !== undefined && second.leftCents < first.leftCents ? second : first;
}

export function spendingLimitExceeded(required: bigint, { limit, limitCents, leftCents }: LimitLeft): Error {
  const left = leftCents > 0n ? leftCents : 0n;
  return heidrunFaults.SPENDING_LIMIT_EXCEEDED(
    `the request may cost ${required} cents, the ${limit} limit of ${limitCents} leaves ${left}`,
    {
      metadata: { limit, limit_cents: String(limitCents), left_cents: String(left), required_cents: String(required) },
      violations: [{ field: 'requester_id', description: `has ${left} cents left of the ${limit} spending limit` }],
    },
  );
}
