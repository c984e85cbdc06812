import { type ClientBase, type Pool } from 'pg';

/** An account's figures, in cents; of a striped account the sum over its rows. */
export interface Balance {
  postedCents: bigint;
  pendingCents: bigint;
  creditLimitCents: bigint;
  frozen: boolean;
}

const BALANCE = `
SELECT sum(posted_cents)::bigint AS "postedCents", sum(pending_cents)::bigint AS "pendingCents",
  sum(credit_limit_cents)::bigint AS "creditLimitCents", bool_or(frozen) AS frozen
FROM accounts WHERE base = $1 HAVING count(*) > 0`;

/** @returns undefined when nothing was ever posted to the account */
export async function balanceOf(db: Pool | ClientBase, account: string): Promise<Balance | undefined> {
  const { rows } = await db.query<Balance>({ name: 'ledger-balance', text: BALANCE, values: [account] });
  return rows[0];
}

/** What can be spent now: posted − open holds + credit limit (domain rules, Ledger). */
export function availableOf(balance: Pick<Balance, 'postedCents' | 'pendingCents' | 'creditLimitCents'>): bigint {
  return balance.postedCents - balance.pendingCents + balance.creditLimitCents;
}

/** What can be spent from an account now, cents; 0 when it does not exist. */
export async function availableCents(db: Pool | ClientBase, account: string): Promise<bigint> {
  const balance = await balanceOf(db, account);
  return balance === undefined ? 0n : availableOf(balance);
}
