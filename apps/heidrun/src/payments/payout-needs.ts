import { type ClientBase } from 'pg';
import { type UserKey } from '../ledger/account-names.ts';

const PROLONG = `
INSERT INTO payout_needs (network_id, user_id, needed_until) VALUES ($1, $2, $3)
ON CONFLICT (network_id, user_id) DO UPDATE SET needed_until = EXCLUDED.needed_until`;
const NEEDED = 'SELECT needed_until AS "until" FROM payout_needs WHERE network_id = $1 AND user_id = $2';

/** Providers of this user are listed and rely on its payout method until then. Under the lock of the user's methods. */
export async function needPayoutMethod(client: ClientBase, user: UserKey, until: Date): Promise<void> {
  await client.query(PROLONG, [user.networkId, user.userId, until]);
}

/** @returns until when the payout method is relied on; undefined when it is not */
export async function payoutNeededUntil(client: ClientBase, user: UserKey, now: Date): Promise<Date | undefined> {
  const { rows } = await client.query<{ until: Date }>(NEEDED, [user.networkId, user.userId]);
  const until = rows[0]?.until;
  return until !== undefined && until > now ? until : undefined;
}
