import { hash } from 'node:crypto';

/** The content of a record as it is hashed and stored. */
export interface AuditContent {
  /** Microseconds since 1970-01-01T00:00:00Z. */
  occurredAtMicros: bigint;
  actor: string;
  onBehalfOf: string;
  networkId: string;
  action: string;
  subject: string;
  requestId: string;
  reason: string;
  /** One JSON object, byte for byte as stored. */
  detailsJson: string;
}

/** The version of the encoding below; stored with each record, so that old ones stay verifiable after a change. */
export const AUDIT_FORMAT = 1;

/** What comes before the first record: 32 zero bytes. */
export const GENESIS_HASH: Buffer = Buffer.alloc(32);

/**
 * SHA-256 of the content: the fields as netstrings (`<length in bytes>:<UTF-8 bytes>,`) one after the other, behind
 * the name of the encoding. Lengths make it unambiguous: no text can pass for two.
 */
export function contentDigest(content: AuditContent): Buffer {
  const encoded =
    `edda.audit.${AUDIT_FORMAT},` +
    netstring(content.occurredAtMicros.toString()) +
    netstring(content.actor) +
    netstring(content.onBehalfOf) +
    netstring(content.networkId) +
    netstring(content.action) +
    netstring(content.subject) +
    netstring(content.requestId) +
    netstring(content.reason) +
    netstring(content.detailsJson);
  return hash('sha256', encoded, 'buffer');
}

/** SHA-256 over the record's id (8 bytes, big-endian) and its content's digest; stored when the record is written. */
export function contentHash(id: bigint, digest: Buffer): Buffer {
  return hash('sha256', Buffer.concat([int64(id), digest]), 'buffer');
}

/** SHA-256 over sequence (8 bytes, big-endian), the previous record's hash and the content hash: the chain's link. */
export function linkHash(sequence: bigint, previousHash: Buffer, content: Buffer): Buffer {
  return hash('sha256', Buffer.concat([int64(sequence), previousHash, content]), 'buffer');
}

function netstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
