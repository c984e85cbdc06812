import { type ClientBase } from 'pg';
import { type Hold, holdFromRow, type HoldRow } from './hold.ts';
import { holdColumns } from './hold-store.ts';

/** Replicas that sweep at the same time skip each other's rows, and rows a capture or cancel is working on. */
const EXPIRE = `
WITH due AS (
  SELECT hold_id FROM open_holds WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
), won AS (
  DELETE FROM open_holds USING due WHERE open_holds.hold_id = due.hold_id RETURNING open_holds.hold_id
), resolved AS (
  INSERT INTO hold_resolutions (hold_id, kind, released_cents, caller, request_hash, resolved_at)
  SELECT h.id, 'EXPIRED', h.held_cents, 'heidrun', '', $1 FROM won JOIN holds h ON h.id = won.hold_id
)
SELECT ${holdColumns} FROM won JOIN holds h ON h.id = won.hold_id`;

/** Resolves up to `limit` holds whose time is over and returns them. */
export async function expireDue(client: ClientBase, now: Date, limit: number): Promise<Hold[]> {
  const { rows } = await client.query<HoldRow>({ name: 'holds-expire', text: EXPIRE, values: [now, limit] });
  return rows.map(holdFromRow);
}
