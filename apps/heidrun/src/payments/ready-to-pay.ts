import { type ClientBase } from 'pg';
import { type UserKey, userKey } from '../ledger/account-names.ts';

const READY = `
SELECT DISTINCT m.network_id AS "networkId", m.user_id AS "userId"
FROM unnest($1::text[], $2::text[]) AS u (network_id, user_id)
JOIN payment_methods m ON m.network_id = u.network_id AND m.user_id = u.user_id
WHERE m.status = 'VERIFIED' AND 'PAY' = ANY (m.purposes) AND (m.expires_at IS NULL OR m.expires_at > $3)`;

/** Which of these users have a verified, unexpired way to pay: their `userKey`s, in one round trip. */
export async function readyToPay(client: ClientBase, users: readonly UserKey[], now: Date): Promise<Set<string>> {
  const { rows } = await client.query<UserKey>({
    name: 'payment-ready-to-pay',
    text: READY,
    values: [users.map(({ networkId }) => networkId), users.map(({ userId }) => userId), now],
  });
  return new Set(rows.map(userKey));
}
