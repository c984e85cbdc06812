import { type ClientBase, type Pool } from 'pg';

/**
 * Deletes delivered events published before `before`, oldest first, at most `limit` (10,000) at a time, so that no
 * statement runs long; concurrent sweeps skip each other's rows.
 * @returns how many were deleted
 */
export async function sweepPublished(db: Pool | ClientBase, before: Date, limit = 10_000): Promise<number> {
  const { rowCount } = await db.query(
    `DELETE FROM outbox_events WHERE id IN (
       SELECT id FROM outbox_events WHERE published AND published_at < $1
       ORDER BY published_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
    [before, limit],
  );
  return rowCount ?? 0;
}
