import { sweepIdempotency } from '@edda/pg-kit';
import { type Pool } from 'pg';

const BATCH = 10_000;

/** Deletes every idempotency key past its 7 days, in steps: a sweep that stops short lets the table grow for ever. */
export async function sweepKeys(pool: Pool, now: Date): Promise<void> {
  while ((await sweepIdempotency(pool, now, BATCH)) === BATCH);
}
