import { type Metrics } from '@edda/telemetry';
import { shareReading } from '../share-reading.ts';
import { type LedgerDeps } from './ledger-deps.ts';
import { verifyBooks } from './verify-ledger.ts';

export interface LedgerWatchDeps extends Omit<LedgerDeps, 'prisma' | 'currency'> {
  /** How long after a check began the next one is due, whichever replica does it. */
  intervalMs: () => number;
}

/** Of each invariant; more would only be read by people, who ask VerifyLedger. */
const MAX_VIOLATIONS = 100;

const CLAIM = 'UPDATE ledger_checks SET begun_at = $1 WHERE id = 1 AND begun_at <= $2';
const CONCLUDE = 'UPDATE ledger_checks SET checked_at = $1, violations = $2, transfers = $3 WHERE id = 1';
const LAST = 'SELECT checked_at AS "checkedAt", violations FROM ledger_checks WHERE id = 1';

/**
 * Verifies the ledger by itself: in one replica per interval, as it reads every row. One that dies meanwhile leaves it
 * to the next interval. @returns whether it was this replica's turn
 */
export async function watchLedger(deps: LedgerWatchDeps): Promise<boolean> {
  const now = deps.clock.now();
  const due = new Date(now.getTime() - deps.intervalMs());
  const { rowCount } = await deps.pool.query(CLAIM, [now, due]);
  if (rowCount === 0) return false;
  const { counts, violations, checkedAt } = await verifyBooks(deps, MAX_VIOLATIONS);
  await deps.pool.query(CONCLUDE, [checkedAt, violations.length, counts.transfersChecked]);
  for (const violation of violations) deps.logger.error({ ...violation }, 'the ledger drifts');
  return true;
}

/** What the last check found, the same at every replica. */
export function createLedgerMetrics(metrics: Metrics, { pool, clock }: Pick<LedgerDeps, 'pool' | 'clock'>): void {
  const last = shareReading(async () => {
    const { rows } = await pool.query<{ checkedAt: Date | null; violations: bigint }>(LAST);
    return { checkedAt: rows[0]?.checkedAt ?? clock.now(), violations: Number(rows[0]?.violations ?? 0n) };
  });
  metrics.gauge({
    name: 'edda_heidrun_ledger_check_age_seconds',
    help: 'Time since the ledger was last verified by itself.',
    async collect(gauge) {
      gauge.set(Math.max(0, (clock.now().getTime() - (await last()).checkedAt.getTime()) / 1_000));
    },
  });
  metrics.gauge({
    name: 'edda_heidrun_ledger_violations',
    help: 'Violated invariants that the last verification of the ledger found; anything but 0 is drift.',
    async collect(gauge) {
      gauge.set((await last()).violations);
    },
  });
}
