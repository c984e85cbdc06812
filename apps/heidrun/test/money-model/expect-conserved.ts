import { expect } from 'vitest';
import { type MoneyRun, type Outcome } from './money-run.ts';

/** A call at the same time as others may be refused, but never break; what is repeated answers as before. */
export function expectHonest(answer: Outcome): void {
  if ('refused' in answer) expect(answer['refused']).not.toBe('INTERNAL');
  else expect(answer).not.toHaveProperty('wanted');
}

const COUNTED = `
SELECT (SELECT coalesce(sum(posted_cents), 0) FROM accounts WHERE kind IN ('wallet', 'earnings') AND base LIKE $1)
    ::bigint AS "own",
  (SELECT coalesce(sum(amount_cents), 0) FROM payouts WHERE user_id LIKE $2 AND status IN ('PENDING', 'IN_TRANSIT'))
    ::bigint AS "aside",
  (SELECT coalesce(sum(amount_cents - reversed_cents), 0) FROM top_ups WHERE user_id LIKE $2 AND status = 'SUCCEEDED')
    ::bigint AS "bought",
  (SELECT coalesce(sum(amount_cents), 0) FROM payouts WHERE user_id LIKE $2 AND status = 'PAID')::bigint AS "paid",
  (SELECT coalesce(sum(c.captured_cents), 0) FROM captures c JOIN holds h ON h.id = c.hold_id
    WHERE h.requester_id LIKE $2)::bigint AS "captured"`;

interface Counted {
  own: bigint;
  aside: bigint;
  bought: bigint;
  paid: bigint;
  captured: bigint;
}

/** What the run's people and the company have is what came in less what went out; what was answered is booked. */
export async function expectConserved(run: MoneyRun, before: Books, captured: bigint): Promise<void> {
  const prefix = (run.cast.users[0] ?? '').replace(/-\d+$/, '-');
  const { rows } = await run.market.pool.query<Counted>(COUNTED, [`%/${prefix}%`, `${prefix}%`]);
  const after = await run.market.books();
  const found = rows[0];
  if (found === undefined) throw new Error('a query without a row');
  expect(before.clearing - after.clearing).toBe(found.bought - found.paid);
  expect(found.own + found.aside + after.revenue - before.revenue).toBe(found.bought - found.paid);
  expect(found.captured).toBe(captured);
}

export interface Books {
  revenue: bigint;
  clearing: bigint;
}
