import { inTransaction, sweepIdempotency } from '@edda/pg-kit';
import { type Clock, type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';

export interface SweepOptions {
  pool: Pool;
  clock: Clock;
  logger: Logger;
  settings: () => { retentionDays: number; sweepIntervalSeconds: number };
}

/** Rows per transaction: a few milliseconds of locks. */
const BATCH = 5_000;

/**
 * Deletes observations older than the retention, oldest first; replicas skip each other's rows. @returns how many
 */
export async function sweepObservations(pool: Pool, before: Date, limit = BATCH): Promise<number> {
  return inTransaction(pool, async (client) => {
    await client.query(`SELECT set_config('eikthyrnir.retention_sweep', 'on', true)`);
    const { rowCount } = await client.query(
      `DELETE FROM observations WHERE observation_id IN (
         SELECT observation_id FROM observations WHERE occurred_at < $1
         ORDER BY occurred_at, observation_id LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [before, limit],
    );
    return rowCount ?? 0;
  });
}

/** Enforces the retention again and again until closed. */
export function startRetentionSweep({ pool, clock, logger, settings }: SweepOptions): { close(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const sweep = async () => {
    const now = clock.now();
    const before = new Date(now.getTime() - settings().retentionDays * 86_400_000);
    let deleted = 0;
    for (let batch = BATCH; batch === BATCH && !closed; deleted += batch) batch = await sweepObservations(pool, before);
    if (!closed) await sweepIdempotency(pool, now);
    if (deleted > 0) logger.info({ deleted }, 'old observations deleted');
  };
  let running = Promise.resolve();
  const schedule = () => {
    if (closed) return;
    timer = setTimeout(() => {
      running = sweep()
        .catch((error: unknown) => logger.warn({ err: error }, 'deleting old observations failed'))
        .then(schedule);
    }, settings().sweepIntervalSeconds * 1_000);
  };
  schedule();
  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
      return running;
    },
  };
}
