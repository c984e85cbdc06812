import { Fault } from '@edda/faults';
import { inTransaction } from '@edda/pg-kit';
import { type ClientBase } from 'pg';
import { type UserKey, walletOf } from '../../ledger/account-names.ts';
import { beginTopUp } from '../begin-top-up.ts';
import { lockMoneySettings, type MoneySettingsRow } from '../money-settings/money-settings-row.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { type TopUps } from '../top-ups.ts';
import { dueUsers } from './due-users.ts';

const OPEN = `
SELECT FROM top_ups WHERE network_id = $1 AND user_id = $2 AND status = 'PENDING' AND origin <> 'USER' LIMIT 1`;
const BOUGHT = `
SELECT coalesce(sum(amount_cents), 0)::bigint AS cents FROM top_ups
WHERE network_id = $1 AND user_id = $2 AND origin = 'AUTOMATIC' AND status <> 'FAILED' AND created_at >= $3::date`;

/**
 * Tops a wallet up that fell below its threshold, or charges credit that is used up so far: at most one such charge of
 * a user is under way. Its outcome is kept account of where it is booked.
 */
export async function chargeAutomatically(
  deps: PaymentDeps,
  topUps: TopUps,
  user: UserKey,
  month: string,
): Promise<void> {
  const id = await inTransaction(deps.pool, (client) => begin(deps, client, user, month)).catch((error: unknown) => {
    // No method, frozen, or out of the bounds of a top-up: not to be repaired by trying at once again.
    if (!(error instanceof Fault) || error.kind === 'unavailable' || error.kind === 'internal') throw error;
    deps.logger.warn({ reason: error.reason, user_id: user.userId }, 'an automatic charge was left out');
    return undefined;
  });
  if (id === undefined) return;
  const row = await topUps.finish(id);
  // Once more if that was not enough.
  if (row.status === 'SUCCEEDED') deps.spent.touch(user);
}

async function begin(deps: PaymentDeps, client: ClientBase, user: UserKey, month: string): Promise<string | undefined> {
  const settings = await lockMoneySettings(client, user);
  const { rowCount } = await client.query(OPEN, [user.networkId, user.userId]);
  if (rowCount !== 0) return undefined;
  // Looked at again under the lock: another charge may have ended meanwhile.
  const { creditChargePercent } = deps.settings();
  const question = { wallets: [walletOf(user)], now: deps.clock.now(), month, creditChargePercent };
  const [due] = await dueUsers(client, question);
  if (due === undefined) return undefined;
  const wanted = (amountCents: bigint, origin: 'AUTOMATIC' | 'CREDIT') =>
    beginTopUp(deps, client, user, { amountCents, paymentMethodId: '', origin });
  const { minTopUpCents, maxTopUpCents } = deps.settings();
  // Less than a top-up may be waits until more is owed, and keeps no automatic top-up from happening.
  if (due.credit_due && due.owed_cents >= BigInt(minTopUpCents)) {
    return wanted(atMost(due.owed_cents, BigInt(maxTopUpCents)), 'CREDIT');
  }
  if (!due.charge_due || (await isBought(client, user, settings, month))) return undefined;
  return wanted(settings.auto_amount_cents, 'AUTOMATIC');
}

async function isBought(client: ClientBase, user: UserKey, settings: MoneySettingsRow, month: string) {
  const { auto_monthly_maximum_cents: maximum, auto_amount_cents: amount } = settings;
  if (maximum === null) return false;
  const { rows } = await client.query<{ cents: bigint }>(BOUGHT, [user.networkId, user.userId, month]);
  return (rows[0]?.cents ?? 0n) + amount > maximum;
}

const atMost = (cents: bigint, most: bigint): bigint => (cents < most ? cents : most);
