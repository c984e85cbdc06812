import { type ClientBase, type QueryConfig } from 'pg';
import { type NewAuditRecord } from './new-audit-record.ts';
import { AUDIT_FORMAT, type AuditContent, contentDigest } from './record-encoding.ts';

/** Most bytes of a record's details as JSON. */
export const MAX_DETAILS_BYTES = 65_536;

/**
 * Writes records within the caller's transaction, in one statement and without a lock that another writer could wait
 * for; the sealer chains them soon after the commit.
 * @throws RangeError when a record's details exceed `MAX_DETAILS_BYTES`
 */
export async function appendAudit(client: ClientBase, records: readonly NewAuditRecord[]): Promise<void> {
  if (records.length === 0) return;
  await client.query(appendAuditQuery(records));
}

/** The statement of `appendAudit`, for transactions that send several at once. @throws as `appendAudit` */
export function appendAuditQuery(records: readonly NewAuditRecord[]): QueryConfig {
  return { name: 'audit-append', text: APPEND, values: auditArrays(records) };
}

/** How many parameters `auditInsertSql` takes: the arrays of `auditArrays`, in that order. */
export const AUDIT_ARRAYS = 10;

/**
 * The statement behind `appendAudit`, for writers that put it as a CTE into a batched statement of their own.
 * @param firstParameter number of the first of its `AUDIT_ARRAYS` parameters
 * @param condition SQL that picks the records to write by `position` (1 for the first); all by default
 */
export function auditInsertSql(firstParameter: number, condition = 'true'): string {
  const types = ['timestamptz', 'text', 'text', 'text', 'text', 'text', 'text', 'text', 'text', 'bytea'];
  const arrays = types.map((type, index) => `$${firstParameter + index}::${type}[]`).join(', ');
  const content = 'occurred_at, actor, on_behalf_of, network_id, action, subject, request_id, reason, details';
  return `INSERT INTO audit_intake (id, format, ${content}, content_hash)
SELECT id, ${AUDIT_FORMAT}, ${content}, sha256(int8send(id) || digest)
FROM (
  SELECT nextval('audit_record_ids') AS id, given.*
  FROM unnest(${arrays}) WITH ORDINALITY AS given (${content}, digest, position)
  WHERE ${condition}
) AS numbered`;
}

const APPEND = auditInsertSql(1);

/** One array per parameter of `auditInsertSql`. @throws RangeError when details exceed `MAX_DETAILS_BYTES` */
export function auditArrays(records: readonly NewAuditRecord[]): unknown[] {
  const contents = records.map(toContent);
  return [
    records.map(({ occurredAt }) => occurredAt),
    contents.map(({ actor }) => actor),
    contents.map(({ onBehalfOf }) => onBehalfOf),
    contents.map(({ networkId }) => networkId),
    contents.map(({ action }) => action),
    contents.map(({ subject }) => subject),
    contents.map(({ requestId }) => requestId),
    contents.map(({ reason }) => reason),
    contents.map(({ detailsJson }) => detailsJson),
    contents.map(contentDigest),
  ];
}

function toContent(record: NewAuditRecord): AuditContent {
  return {
    occurredAtMicros: BigInt(record.occurredAt.getTime()) * 1_000n,
    actor: storable(record.actor),
    onBehalfOf: storable(record.onBehalfOf),
    networkId: storable(record.networkId),
    action: storable(record.action),
    subject: storable(record.subject),
    requestId: storable(record.requestId),
    reason: storable(record.reason),
    detailsJson: toDetailsJson(record),
  };
}

/** PostgreSQL stores neither NUL nor half a surrogate pair; a mutation must not fail for what its audit record says. */
function storable(text = ''): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

function toDetailsJson({ action, details = {} }: NewAuditRecord): string {
  const json = JSON.stringify(details, (_, value: unknown) => (typeof value === 'bigint' ? jsonInteger(value) : value));
  if (Buffer.byteLength(json) > MAX_DETAILS_BYTES) {
    throw new RangeError(`details of ${action} exceed ${MAX_DETAILS_BYTES} bytes; audit a hash or a count instead`);
  }
  return json;
}

function jsonInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}
