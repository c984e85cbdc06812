import { type Clock, type Metrics } from '@edda/telemetry';
import { type Pool } from 'pg';
import { shareReading } from '../share-reading.ts';

/** What happened to holds, and how many are open. */
export interface PreAuthMetrics {
  readonly held: () => void;
  readonly captured: (cents: bigint) => void;
  readonly cancelled: () => void;
  readonly expired: (count: number) => void;
  /** An answer that had been given before. */
  readonly replayed: () => void;
  readonly swept: (outcome: 'done' | 'failed') => void;
}

const OPEN = `
SELECT count(*) AS holds, min(h.created_at) AS oldest FROM open_holds o JOIN holds h ON h.id = o.hold_id`;

export function createPreAuthMetrics(metrics: Metrics, pool: Pool, clock: Clock): PreAuthMetrics {
  const outcomes = metrics.counter({
    name: 'edda_heidrun_holds_total',
    help: 'Holds by what happened to them; replayed counts repeated answers.',
    labelNames: ['outcome'],
  });
  const cents = metrics.counter({ name: 'edda_heidrun_captured_cents_total', help: 'Cents captured from wallets.' });
  const sweeps = metrics.counter({
    name: 'edda_heidrun_sweeps_total',
    help: 'Sweeps for expired holds.',
    labelNames: ['outcome'],
  });
  const open = shareReading(async () => {
    const { rows } = await pool.query<{ holds: bigint; oldest: Date | null }>(OPEN);
    return { holds: Number(rows[0]?.holds ?? 0n), oldest: rows[0]?.oldest ?? undefined };
  });
  metrics.gauge({
    name: 'edda_heidrun_oldest_open_hold_seconds',
    help: 'Age of the oldest open hold; 0 without any.',
    async collect(gauge) {
      const { oldest } = await open();
      gauge.set(oldest === undefined ? 0 : Math.max(0, (clock.now().getTime() - oldest.getTime()) / 1_000));
    },
  });
  metrics.gauge({
    name: 'edda_heidrun_open_holds',
    help: 'Holds that are neither captured nor released.',
    async collect(gauge) {
      gauge.set((await open()).holds);
    },
  });
  return {
    held: () => outcomes.inc({ outcome: 'held' }),
    captured(amount) {
      outcomes.inc({ outcome: 'captured' });
      cents.inc(Number(amount));
    },
    cancelled: () => outcomes.inc({ outcome: 'cancelled' }),
    expired: (count) => outcomes.inc({ outcome: 'expired' }, count),
    replayed: () => outcomes.inc({ outcome: 'replayed' }),
    swept: (outcome) => sweeps.inc({ outcome }),
  };
}
