import { type ClientBase } from 'pg';
import { type AuditContent } from './record-encoding.ts';

/** A record as it is stored, not yet trusted. */
export interface StoredRecord extends Omit<AuditContent, 'occurredAtMicros'> {
  id: bigint;
  format: number;
  /** Null for what is no time (infinity). */
  occurredAtMicros: bigint | null;
  contentHash: Buffer;
}

export interface ChainedRecord extends StoredRecord {
  sequence: bigint;
  previousHash: Buffer;
  hash: Buffer;
}

/** The columns of a StoredRecord, as SQL. */
export const storedColumns = `id, format,
  CASE WHEN isfinite(occurred_at) THEN (extract(epoch FROM occurred_at) * 1000000)::bigint END AS "occurredAtMicros",
  actor, on_behalf_of AS "onBehalfOf", network_id AS "networkId", action, subject, request_id AS "requestId", reason,
  details AS "detailsJson", content_hash AS "contentHash"`;

/** The columns of a ChainedRecord, as SQL. */
export const chainedColumns = `sequence, ${storedColumns}, previous_hash AS "previousHash", hash`;

const CHUNK = 500;

/** Reads a query's rows in chunks through a cursor, within the caller's transaction: memory is bounded by a chunk. */
export async function* readChunks<Row extends object>(
  client: ClientBase,
  query: string,
  signal: AbortSignal,
): AsyncGenerator<Row[]> {
  await client.query(`DECLARE audit_scan NO SCROLL CURSOR FOR ${query}`);
  for (;;) {
    signal.throwIfAborted();
    const { rows } = await client.query<Row>(`FETCH ${CHUNK} FROM audit_scan`);
    if (rows.length > 0) yield rows;
    if (rows.length < CHUNK) break;
  }
  await client.query('CLOSE audit_scan');
}
