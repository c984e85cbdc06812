import { IDEMPOTENCY_TTL_MS, sweepIdempotency } from '@edda/pg-kit';
import { type Pool } from 'pg';

const LIMIT = 1_000;

/** Erases answers whose time is over (domain.md, "Privacy") and forgets keys after 7 days. */
export async function sweepRequests(pool: Pool, now: Date): Promise<void> {
  await pool.query(
    `DELETE FROM request_results WHERE request_id IN
       (SELECT request_id FROM request_results WHERE expires_at <= $1 LIMIT ${LIMIT} FOR UPDATE SKIP LOCKED)`,
    [now],
  );
  await pool.query(
    `UPDATE transactions SET idempotency_key = NULL WHERE transaction_id IN
       (SELECT transaction_id FROM transactions WHERE idempotency_key IS NOT NULL AND created_at < $1
        LIMIT ${LIMIT} FOR UPDATE SKIP LOCKED)`,
    [new Date(now.getTime() - IDEMPOTENCY_TTL_MS)],
  );
  await sweepIdempotency(pool, now, LIMIT);
}
