import { runDetached } from '@edda/grpc-kit';
import { inTransaction } from '@edda/pg-kit';
import { heidrunFaults } from '../../faults.ts';
import { systemOrigin } from '../../record-changes.ts';
import { askProvider } from '../ask-provider.ts';
import { ownMethod } from '../method-row.ts';
import { openToken } from '../open-token.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { type PayoutResult } from '../provider/payment-provider.ts';
import { applyPayoutResult } from './apply-payout-result.ts';
import { payoutById, type PayoutRow, payoutUser } from './payout-row.ts';

/** Payouts after their money is set aside. */
export interface Payouts {
  /** Hands it over, or asks after it, and books the outcome; callers of one id share one order. */
  finish(id: string): Promise<PayoutRow>;
  /** Takes up those left open. @returns how many it took up, finished or not */
  sweep(): Promise<number>;
}

/** What every step downstream is known by, so that a repeated step is the same step. */
export const payoutKeyOf = (id: string): string => `payout:${id}`;

/** Claims by moving the next attempt on, so that replicas share the work and a lasting failure is retried ever later. */
const CLAIM = `
UPDATE payouts SET attempts = attempts + 1,
  next_attempt_at = $1::timestamptz + least(3600, $2 * 2 ^ least(attempts, 12)) * interval '1 second'
WHERE id IN (
  SELECT id FROM payouts WHERE status IN ('PENDING', 'IN_TRANSIT') AND next_attempt_at <= $1
  ORDER BY next_attempt_at LIMIT 50 FOR UPDATE SKIP LOCKED
) RETURNING id`;

export function createPayouts(deps: PaymentDeps): Payouts {
  const running = new Map<string, Promise<PayoutRow>>();
  const finish = (id: string): Promise<PayoutRow> => {
    const known = running.get(id);
    if (known !== undefined) return known;
    // Money is on its way: it must not end with the first caller's deadline.
    const fresh = runDetached(() => finishPayout(deps, id)).finally(() => running.delete(id));
    running.set(id, fresh);
    return fresh;
  };
  return {
    finish,
    sweep: async () => {
      const values = [deps.clock.now(), deps.settings().retryAfterSeconds];
      const { rows } = await deps.pool.query<{ id: string }>(CLAIM, values);
      for (const { id } of rows) {
        await finish(id).catch((error: unknown) =>
          deps.logger.warn({ err: error, payout_id: id }, 'an open payout could not be finished yet'),
        );
      }
      return rows.length;
    },
  };
}

async function finishPayout(deps: PaymentDeps, id: string): Promise<PayoutRow> {
  const row = await payoutById(deps.pool, id);
  if (row.status !== 'PENDING' && row.status !== 'IN_TRANSIT') return row;
  const result = await outcomeOf(deps, row);
  const origin = systemOrigin('payout');
  const settled = await inTransaction(
    deps.pool,
    (client) => applyPayoutResult(client, id, result, origin, deps.clock.now()),
    { idempotent: true },
  );
  deps.notify();
  deps.metrics.asked('payout', settled.status, settled.amount_cents);
  deps.logger.info({ payout_id: id, amount_cents: settled.amount_cents, status: settled.status }, 'payout handed over');
  return settled;
}

async function outcomeOf(deps: PaymentDeps, row: PayoutRow): Promise<PayoutResult> {
  if (row.payment_provider !== deps.provider.name) {
    throw heidrunFaults.PAYMENT_PROVIDER_UNAVAILABLE(`The payment provider ${row.payment_provider} is not configured.`);
  }
  if (row.status === 'IN_TRANSIT') return askProvider(deps, (provider) => provider.findPayout(row.provider_reference));
  const methodToken = openToken(deps, await ownMethod(deps.pool, payoutUser(row), row.payment_method_id));
  return askProvider(deps, (provider) =>
    provider.payOut({
      amountCents: row.amount_cents,
      currency: row.currency,
      methodToken,
      idempotencyKey: payoutKeyOf(row.id),
      repeated: row.attempts > 0,
    }),
  );
}
