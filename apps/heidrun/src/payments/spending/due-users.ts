import { type ClientBase, type Pool } from 'pg';
import { type MoneySettingsRow } from '../money-settings/money-settings-row.ts';

/** A user whose spending asks for something, and for what. */
export interface DueUser extends MoneySettingsRow {
  owed_cents: bigint;
  charge_due: boolean;
  credit_due: boolean;
  budget_due: boolean;
  netting_due: boolean;
}

export interface DueQuestion {
  /** Names of wallets; undefined for everybody's. */
  wallets: readonly string[] | undefined;
  now: Date;
  /** First day of the month, UTC. */
  month: string;
  creditChargePercent: number;
}

const DUE = `
WITH watched AS (
  SELECT m.*, a.id AS wallet_id, a.posted_cents, a.pending_cents, a.credit_limit_cents,
    NOT a.frozen AND (m.charge_not_before IS NULL OR m.charge_not_before <= $2) AS may_charge
  FROM money_settings m JOIN accounts a ON a.name = m.wallet
  WHERE $1::text[] IS NULL OR m.wallet = ANY ($1)
), judged AS (
  SELECT w.*, -w.posted_cents AS owed_cents,
    w.auto_top_up AND w.may_charge
      AND w.posted_cents - w.pending_cents + w.credit_limit_cents < w.auto_threshold_cents AS charge_due,
    w.credit_limit_cents > 0 AND w.may_charge
      AND -w.posted_cents::numeric * 100 >= w.credit_limit_cents::numeric * $4 AS credit_due,
    w.budget_cents > 0 AND EXISTS (
      SELECT FROM unnest(w.budget_thresholds) AS t (percent)
      WHERE w.budget_cents::numeric * t.percent <= 100 * (
          SELECT coalesce(sum(s.spent_cents), 0) FROM wallet_spending s
          WHERE s.wallet_id = w.wallet_id AND s.day >= $3::date)
        AND NOT EXISTS (
          SELECT FROM budget_alerts b WHERE b.network_id = w.network_id AND b.user_id = w.user_id
            AND b.month = $3::date AND b.threshold_percent = t.percent)
    ) AS budget_due,
    w.netting AND EXISTS (
      SELECT FROM wallet_spending s JOIN accounts e ON e.name = w.earnings AND e.posted_cents > 0
      WHERE s.wallet_id = w.wallet_id AND s.day >= w.netting_since AND s.spent_cents > s.netted_cents
    ) AS netting_due
  FROM watched w
)
SELECT * FROM judged WHERE charge_due OR credit_due OR budget_due OR netting_due ORDER BY network_id, user_id LIMIT 500`;

/** Finds, in one statement, those of the users for whom there is something to do. */
export async function dueUsers(db: Pool | ClientBase, question: DueQuestion): Promise<DueUser[]> {
  const { wallets, now, month, creditChargePercent } = question;
  const { rows } = await db.query<DueUser>(DUE, [wallets ?? null, now, month, creditChargePercent]);
  return rows;
}
