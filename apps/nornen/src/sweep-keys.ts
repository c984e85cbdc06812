import { sweepIdempotency } from '@edda/pg-kit';
import { type Clock, type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';

const intervalMs = 10 * 60_000;
const batchSize = 10_000;

/** Deletes idempotency keys past their 7 days, every ten minutes. @returns stops it, after a sweep under way */
export function sweepKeys({ pool, clock, logger }: { pool: Pool; clock: Clock; logger: Logger }): () => Promise<void> {
  let running = Promise.resolve();
  const sweep = async () => {
    while ((await sweepIdempotency(pool, clock.now(), batchSize)) === batchSize);
  };
  const timer = setInterval(() => {
    running = running.then(sweep).catch((error: unknown) => logger.warn({ err: error }, 'expired keys were not swept'));
  }, intervalMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
