import { type Clock } from '@edda/telemetry';
import { type ClientBase } from 'pg';
import { earningsOf, type UserKey } from '../../ledger/account-names.ts';

interface HoldBack {
  clock: Clock;
  settings: () => { readonly holdBackDays: number };
}

const DAY_MS = 86_400_000;

/**
 * The first day, as SQL takes a date, whose earnings are still withheld: those of the last `holdBackDays` full days and
 * of today. Far in the future without a hold-back, as then nothing is withheld.
 */
export function withheldSince({ clock, settings }: HoldBack): string {
  const { holdBackDays } = settings();
  if (holdBackDays === 0) return 'infinity';
  return new Date(clock.now().getTime() - holdBackDays * DAY_MS).toISOString().slice(0, 10);
}

const LOCK = 'SELECT FROM accounts WHERE name = $1 FOR UPDATE';
const PAYABLE = `
SELECT posted_cents - coalesce((SELECT sum(d.earned_cents) FROM earnings_days d
  WHERE d.account_id = a.id AND d.day >= $2::date), 0)::bigint AS "payableCents"
FROM accounts a WHERE a.name = $1`;

/**
 * What of a user's earnings may leave them now, in cents: posted less what is withheld; negative when refunds exceeded
 * the earnings. The account stays locked until the transaction ends.
 */
export async function lockPayable(client: ClientBase, user: UserKey, holdBack: HoldBack): Promise<bigint> {
  await client.query({ name: 'earnings-lock', text: LOCK, values: [earningsOf(user)] });
  // A statement of its own, so that it sees what was committed while the lock was waited for.
  const { rows } = await client.query<{ payableCents: bigint }>({
    name: 'earnings-payable',
    text: PAYABLE,
    values: [earningsOf(user), withheldSince(holdBack)],
  });
  return rows[0]?.payableCents ?? 0n;
}
