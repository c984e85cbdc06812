import { type ClientBase, type Pool } from 'pg';

/**
 * Deletes outcomes past their 7 days, at most `limit` (10,000) per call; concurrent sweeps skip each other's rows.
 * @returns how many were deleted; as many as `limit` means there may be more
 */
export async function sweepIdempotency(db: Pool | ClientBase, now: Date, limit = 10_000): Promise<number> {
  const { rowCount } = await db.query(
    `DELETE FROM idempotency_keys WHERE (tenant, caller, method, key) IN (
       SELECT tenant, caller, method, key FROM idempotency_keys WHERE expires_at <= $1
       ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
    [now, limit],
  );
  return rowCount ?? 0;
}
