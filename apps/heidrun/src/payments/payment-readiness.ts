import { type ClientBase, type Pool } from 'pg';
import { type UserKey, walletOf } from '../ledger/account-names.ts';

/** What a method is used for: paying for requests, or receiving earnings. */
export type Purpose = 'pay' | 'payout';

/** Why a user cannot pay or be paid; the contract's ReadinessProblem. */
export type ReadinessProblem = 'NO_METHOD' | 'NOT_VERIFIED' | 'EXPIRED' | 'FROZEN';

export type Readiness = { ready: true; paymentMethodId: string } | { ready: false; problem: ReadinessProblem };

// The default first, then the oldest; one row says all.
const READINESS = `
SELECT
  coalesce((SELECT bool_or(frozen) FROM accounts WHERE base = $4), false) AS frozen,
  count(*) FILTER (WHERE m.status <> 'FAILED') AS known,
  count(*) FILTER (WHERE m.status = 'VERIFIED') AS verified,
  (array_agg(m.id ORDER BY (d.payment_method_id = m.id) DESC NULLS LAST, m.created_at, m.id)
    FILTER (WHERE m.status = 'VERIFIED' AND (m.expires_at IS NULL OR m.expires_at > $5)))[1] AS usable
FROM payment_methods m
LEFT JOIN payment_defaults d ON d.network_id = m.network_id AND d.user_id = m.user_id AND d.purpose = $3
WHERE m.network_id = $1 AND m.user_id = $2 AND m.status <> 'REMOVED' AND $3 = ANY (m.purposes)`;

/**
 * What is in the way of paying or being paid, or the method that would be used: the default of the purpose where it is
 * usable, else the oldest usable one (domain rules, Payments).
 */
export async function readinessOf(
  client: Pool | ClientBase,
  user: UserKey,
  purpose: Purpose,
  now: Date = new Date(),
): Promise<Readiness> {
  const { rows } = await client.query<{ frozen: boolean; known: bigint; verified: bigint; usable: string | null }>({
    name: 'payment-readiness',
    text: READINESS,
    values: [user.networkId, user.userId, purpose === 'pay' ? 'PAY' : 'PAYOUT', walletOf(user), now],
  });
  const found = rows[0];
  if (found?.frozen === true) return { ready: false, problem: 'FROZEN' };
  if (found?.usable != null) return { ready: true, paymentMethodId: found.usable };
  // Number(): the caller's pool may deliver counts as text.
  if (found === undefined || Number(found.known) === 0) return { ready: false, problem: 'NO_METHOD' };
  return { ready: false, problem: Number(found.verified) > 0 ? 'EXPIRED' : 'NOT_VERIFIED' };
}

/** Whether a user has a verified, unexpired method for the purpose and is not frozen. */
export async function isReady(
  client: Pool | ClientBase,
  user: UserKey,
  purpose: Purpose,
  now?: Date,
): Promise<boolean> {
  return (await readinessOf(client, user, purpose, now)).ready;
}
