import { heidrun } from '@edda/contracts';
import { type ClientBase, type Pool } from 'pg';
import { earningsOf, type UserKey, walletOf } from '../../ledger/account-names.ts';

/** What a user set about money, limits aside, as stored. */
export interface MoneySettingsRow {
  network_id: string;
  user_id: string;
  wallet: string;
  earnings: string;
  payout_schedule: 'MANUAL' | 'DAILY' | 'WEEKLY' | 'MONTHLY';
  payout_minimum_cents: bigint;
  next_payout_at: Date | null;
  auto_top_up: boolean;
  auto_threshold_cents: bigint;
  auto_amount_cents: bigint;
  auto_monthly_maximum_cents: bigint | null;
  charge_failures: number;
  charge_not_before: Date | null;
  budget_cents: bigint;
  budget_thresholds: number[];
  netting: boolean;
}

const MAKE = `
INSERT INTO money_settings (network_id, user_id, wallet, earnings) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`;
const FIND = 'SELECT * FROM money_settings WHERE network_id = $1 AND user_id = $2';

/** A user's row, made where there is none yet and locked until the transaction ends. */
export async function lockMoneySettings(client: ClientBase, user: UserKey): Promise<MoneySettingsRow> {
  await client.query({
    name: 'money-settings-make',
    text: MAKE,
    values: [user.networkId, user.userId, walletOf(user), earningsOf(user)],
  });
  const { rows } = await client.query<MoneySettingsRow>(`${FIND} FOR UPDATE`, [user.networkId, user.userId]);
  return rows[0] as MoneySettingsRow;
}

/** @returns undefined for a user that never set anything */
export async function findMoneySettings(db: Pool | ClientBase, user: UserKey): Promise<MoneySettingsRow | undefined> {
  const { rows } = await db.query<MoneySettingsRow>({
    name: 'money-settings-find',
    text: FIND,
    values: [user.networkId, user.userId],
  });
  return rows[0];
}

export const toPayoutSettings = (row: MoneySettingsRow): heidrun.PayoutSettings => ({
  schedule: heidrun.PayoutSchedule[row.payout_schedule],
  minimumCents: row.payout_minimum_cents,
});

export const toAutoTopUp = (row: MoneySettingsRow): heidrun.AutoTopUp => ({
  enabled: row.auto_top_up,
  thresholdCents: row.auto_threshold_cents,
  amountCents: row.auto_amount_cents,
  monthlyMaximumCents: row.auto_monthly_maximum_cents ?? undefined,
});

export const toBudgetAlert = (row: MoneySettingsRow): heidrun.BudgetAlert => ({
  monthlyBudgetCents: row.budget_cents,
  thresholdsPercent: row.budget_thresholds,
});
