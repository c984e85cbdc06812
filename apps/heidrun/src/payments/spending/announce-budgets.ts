import { inTransaction } from '@edda/pg-kit';
import { type UserKey, walletOf } from '../../ledger/account-names.ts';
import { recordChanges, systemOrigin } from '../../record-changes.ts';
import { type PaymentDeps } from '../payment-deps.ts';

const REACHED = `
WITH spent AS (
  SELECT coalesce(sum(s.spent_cents), 0)::bigint AS cents
  FROM wallet_spending s JOIN accounts a ON a.id = s.wallet_id
  WHERE a.name = $4 AND s.day >= $3::date
), reached AS (
  INSERT INTO budget_alerts (network_id, user_id, month, threshold_percent)
  SELECT m.network_id, m.user_id, $3::date, t.percent
  FROM money_settings m CROSS JOIN unnest(m.budget_thresholds) AS t (percent) CROSS JOIN spent
  WHERE m.network_id = $1 AND m.user_id = $2 AND m.budget_cents > 0
    AND m.budget_cents::numeric * t.percent <= spent.cents::numeric * 100
  ORDER BY t.percent ON CONFLICT DO NOTHING
  RETURNING threshold_percent
)
SELECT r.threshold_percent AS percent, spent.cents AS spent, m.budget_cents AS budget
FROM reached r CROSS JOIN spent JOIN money_settings m ON m.network_id = $1 AND m.user_id = $2
ORDER BY r.threshold_percent`;

/** Raises `heidrun.budget.reached` for each threshold reached, once per month, whoever else tries at the same time. */
export async function announceBudgets(deps: PaymentDeps, user: UserKey, month: string): Promise<void> {
  const announced = await inTransaction(deps.pool, async (client) => {
    const values = [user.networkId, user.userId, month, walletOf(user)];
    const { rows } = await client.query<{ percent: number; spent: bigint; budget: bigint }>(REACHED, values);
    const changes = rows.map(({ percent, spent, budget }) => ({
      action: 'budget.reached',
      subject: walletOf(user),
      user,
      details: { threshold_percent: percent, spent_cents: spent, monthly_budget_cents: budget, month },
    }));
    await recordChanges(client, systemOrigin('budget-alert'), deps.clock.now(), changes);
    return rows.length;
  });
  if (announced > 0) deps.notify();
}
