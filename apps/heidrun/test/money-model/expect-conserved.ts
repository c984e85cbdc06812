import { expect } from 'vitest';
import { type MoneyRun, type Outcome } from './money-run.ts';

/** A call at the same time as others may be refused, but never break; what is repeated answers as before. */
export function expectHonest(answer: Outcome): void {
  if ('refused' in answer) expect(answer['refused']).not.toBe('INTERNAL');
  else expect(answer).not.toHaveProperty('wanted');
}

/**
 * In one snapshot, as the service may be topping somebody up by itself meanwhile, and of nothing but what the run's
 * people had a part in: what an earlier run began may still be ending.
 */
const COUNTED = `
WITH bought AS (SELECT * FROM top_ups WHERE user_id LIKE $2), paid AS (SELECT * FROM payouts WHERE user_id LIKE $2),
moved AS (
  SELECT d.base AS debit, c.base AS credit, t.amount_cents AS cents
  FROM transfers t JOIN accounts d ON d.id = t.debit_account_id JOIN accounts c ON c.id = t.credit_account_id
  WHERE d.base LIKE $1 OR c.base LIKE $1
    OR split_part(t.id, ':', 2) IN (SELECT id FROM bought UNION ALL SELECT id FROM paid)
), company AS (
  SELECT coalesce(sum(cents) FILTER (WHERE credit = 'revenue:company'), 0)
      - coalesce(sum(cents) FILTER (WHERE debit = 'revenue:company'), 0) AS revenue,
    coalesce(sum(cents) FILTER (WHERE debit = 'clearing:sandbox'), 0)
      - coalesce(sum(cents) FILTER (WHERE credit = 'clearing:sandbox'), 0) AS clearing
  FROM moved
)
SELECT revenue::bigint, clearing::bigint,
  (SELECT coalesce(sum(posted_cents), 0) FROM accounts WHERE kind IN ('wallet', 'earnings') AND base LIKE $1)
    ::bigint AS "own",
  (SELECT coalesce(sum(amount_cents), 0) FROM paid WHERE status IN ('PENDING', 'IN_TRANSIT'))::bigint AS "aside",
  ((SELECT coalesce(sum(amount_cents - reversed_cents), 0) FROM bought WHERE status = 'SUCCEEDED')
    - (SELECT coalesce(sum(amount_cents), 0) FROM paid WHERE status = 'PAID'))::bigint AS "came",
  (SELECT coalesce(json_object_agg(c.hold_id, c.captured_cents ORDER BY c.hold_id), '{}') FROM captures c
    JOIN holds h ON h.id = c.hold_id WHERE h.requester_id LIKE $2) AS "captured"
FROM company`;

interface Counted {
  /** What the company has of it, and what the payment provider owes it. */
  revenue: bigint;
  clearing: bigint;
  /** In the people's accounts, and set aside for payouts. */
  own: bigint;
  aside: bigint;
  /** Bought less paid out. */
  came: bigint;
  /** Cents by hold. */
  captured: Record<string, number>;
}

/** What the run's people and the company have is what came in less what went out; what was answered is booked. */
export async function expectConserved(run: MoneyRun): Promise<void> {
  const prefix = (run.cast.users[0] ?? '').replace(/-\d+$/, '-');
  const { rows } = await run.market.pool.query<Counted>(COUNTED, [`%/${prefix}%`, `${prefix}%`]);
  const found = rows[0];
  if (found === undefined) throw new Error('a query without a row');
  expect(found.clearing).toBe(found.came);
  expect(found.own + found.aside + found.revenue).toBe(found.came);
  expect(found.captured).toEqual(Object.fromEntries(run.captured));
}
