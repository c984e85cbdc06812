import { type PaymentDeps } from '../payment-deps.ts';

const BATCH = 1_000;
const DAY_MS = 86_400_000;

/** In steps that lock little; replicas that sweep at the same time skip each other's rows. */
const SWEEP = `
DELETE FROM payment_webhooks WHERE (payment_provider, event_id) IN (
  SELECT payment_provider, event_id FROM payment_webhooks WHERE received_at < $1
  ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
)`;

/**
 * Forgets notifications older than `payments.webhookRetentionDays`. One that comes again after that is applied anew,
 * which changes nothing about a top-up or payout that has ended. @returns how many it forgot
 */
export async function sweepWebhooks({
  pool,
  clock,
  settings,
}: Pick<PaymentDeps, 'pool' | 'clock' | 'settings'>): Promise<number> {
  const before = new Date(clock.now().getTime() - settings().webhookRetentionDays * DAY_MS);
  let total = 0;
  for (let swept = BATCH; swept === BATCH; total += swept) {
    swept = (await pool.query(SWEEP, [before, BATCH])).rowCount ?? 0;
  }
  return total;
}
