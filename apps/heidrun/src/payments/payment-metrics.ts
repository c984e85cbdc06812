import { type Clock, type Metrics } from '@edda/telemetry';
import { type Pool } from 'pg';
import { shareReading } from '../share-reading.ts';

type Movement = 'topup' | 'payout';

/** What payments report. */
export interface PaymentMetrics {
  /** A top-up or payout that the payment provider was asked about, and the state it was left in. */
  readonly asked: (kind: Movement, state: string, cents: bigint) => void;
  /** The payment provider answered a call, or did not. */
  readonly provider: (outcome: 'answered' | 'unavailable') => void;
  /** What became of a notification: an outcome as it is stored, `repeated`, or `refused`. */
  readonly notified: (outcome: string) => void;
}

const OPEN = `
SELECT 'topup' AS kind, count(*) AS count, min(created_at) AS oldest FROM top_ups WHERE status = 'PENDING'
UNION ALL
SELECT 'payout', count(*), min(created_at) FROM payouts WHERE status IN ('PENDING', 'IN_TRANSIT')`;

export function createPaymentMetrics(metrics: Metrics, pool: Pool, clock: Clock): PaymentMetrics {
  const asked = metrics.counter({
    name: 'edda_heidrun_payments_total',
    help: 'Top-ups and payouts that the payment provider was asked about, by the state they were left in.',
    labelNames: ['kind', 'state'],
  });
  const cents = metrics.counter({
    name: 'edda_heidrun_payment_cents_total',
    help: 'Cents of top-ups and payouts that were completed when the payment provider was asked.',
    labelNames: ['kind'],
  });
  const provider = metrics.counter({
    name: 'edda_heidrun_payment_provider_calls_total',
    help: 'Calls of the payment provider, answered or not.',
    labelNames: ['outcome'],
  });
  const notified = metrics.counter({
    name: 'edda_heidrun_payment_webhooks_total',
    help: 'Notifications of the payment provider, by what became of them.',
    labelNames: ['outcome'],
  });
  const open = shareReading(async () => {
    const { rows } = await pool.query<{ kind: Movement; count: bigint; oldest: Date | null }>(OPEN);
    return rows;
  });
  metrics.gauge({
    name: 'edda_heidrun_oldest_open_payment_seconds',
    help: 'Age of the oldest top-up or payout that has not ended; 0 without any.',
    labelNames: ['kind'],
    async collect(gauge) {
      for (const { kind, oldest } of await open()) {
        gauge.set({ kind }, oldest === null ? 0 : Math.max(0, (clock.now().getTime() - oldest.getTime()) / 1_000));
      }
    },
  });
  metrics.gauge({
    name: 'edda_heidrun_open_payments',
    help: 'Top-ups and payouts that have not ended.',
    labelNames: ['kind'],
    async collect(gauge) {
      for (const { kind, count } of await open()) gauge.set({ kind }, Number(count));
    },
  });
  return {
    asked(kind, state, amount) {
      asked.inc({ kind, state: state.toLowerCase() });
      if (state === 'SUCCEEDED' || state === 'PAID') cents.inc({ kind }, Number(amount));
    },
    provider: (outcome) => provider.inc({ outcome }),
    // Outcomes of one kind differ by their reason, which is for people.
    notified: (outcome) => notified.inc({ outcome: outcome.split(':', 1)[0]?.toLowerCase() ?? '' }),
  };
}
