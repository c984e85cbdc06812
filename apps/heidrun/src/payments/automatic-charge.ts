import { type ClientBase } from 'pg';
import { walletOf } from '../ledger/account-names.ts';
import { type MoneyChange } from '../record-changes.ts';
import { type ChargeNews } from './apply-charge-result.ts';
import { type TopUpState } from './payment-machines.ts';
import { type TopUpRow, topUpUser } from './top-up-row.ts';

/** Longest pause after declined automatic charges, seconds. */
const MAX_PAUSE_SECONDS = 86_400;

const SUCCEEDED = `
UPDATE money_settings SET charge_failures = 0, charge_not_before = NULL WHERE network_id = $1 AND user_id = $2`;
const FAILED = `
UPDATE money_settings SET charge_failures = charge_failures + 1,
  charge_not_before = $3::timestamptz + least($4, $5 * 2 ^ least(charge_failures, 20)) * interval '1 second',
  auto_top_up = auto_top_up AND ($6 <> 'AUTOMATIC' OR charge_failures + 1 < $7)
WHERE network_id = $1 AND user_id = $2
RETURNING charge_failures AS failures, auto_top_up AS enabled`;

/**
 * Keeps account of automatic charges within the transaction that ends one: after a declined one the next waits ever
 * longer; after as many in a row as the setting allows, automatic top-ups are turned off.
 * @returns what else is to be told
 */
export async function noteAutomaticCharge(
  client: ClientBase,
  row: TopUpRow,
  status: TopUpState,
  { now, settings }: ChargeNews,
): Promise<MoneyChange[]> {
  const user = topUpUser(row);
  if (status === 'SUCCEEDED') {
    await client.query(SUCCEEDED, [user.networkId, user.userId]);
    return [];
  }
  const pause = [now, MAX_PAUSE_SECONDS, settings.retryAfterSeconds];
  const values = [user.networkId, user.userId, ...pause, row.origin, settings.autoTopUpFailures];
  const { rows } = await client.query<{ failures: number; enabled: boolean }>(FAILED, values);
  if (rows[0] === undefined || row.origin !== 'AUTOMATIC' || rows[0].enabled) return [];
  const reason = 'The payment provider declined too many automatic top-ups in a row.';
  const details = { failures: rows[0].failures, payment_method_id: row.payment_method_id };
  return [{ action: 'auto_topup.disabled', subject: walletOf(user), user, reason, details }];
}
