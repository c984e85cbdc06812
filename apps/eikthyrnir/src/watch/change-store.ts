import { type Pool } from 'pg';
import { presenceColumns, type QualityRow } from '../quality/quality-row.ts';

/**
 * The oldest transaction still running: everything before it is committed and visible to any later statement. A row
 * marked with a transaction from here on is read again next time, so a late commit is never missed.
 */
export async function currentPosition(pool: Pool): Promise<bigint> {
  const { rows } = await pool.query<{ position: string }>(
    `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS position`,
  );
  return BigInt(rows[0]?.position ?? 0);
}

/** Keyset position within `qualities`. */
export interface After {
  providerId: string;
  model: string;
}

/** Rows of models changed by transactions from `since` on, by key, at most `limit` beyond `after`. */
export async function changesSince(
  pool: Pool,
  since: bigint,
  after: After,
  limit: number,
  providerIds: readonly string[] = [],
): Promise<QualityRow[]> {
  const { rows } = await pool.query<QualityRow>(
    `SELECT q.*, ${presenceColumns} FROM qualities q
       LEFT JOIN qualities p ON p.provider_id = q.provider_id AND p.model = ''
     WHERE q.changed_xid >= $1 AND q.version > 0 AND q.model <> '' AND (q.provider_id, q.model) > ($2, $3)
       AND (cardinality($5::text[]) = 0 OR q.provider_id = ANY($5::text[]))
     ORDER BY q.provider_id, q.model LIMIT $4`,
    [since, after.providerId, after.model, limit, providerIds],
  );
  return rows;
}
