import { type ChainedRecord, type StoredRecord } from './chain-reader.ts';
import { AUDIT_FORMAT, contentDigest, contentHash, linkHash } from './record-encoding.ts';

/** Whether a record's content is what was hashed when it was written. @returns what is wrong, or undefined */
export function checkContent(record: StoredRecord): string | undefined {
  if (record.format !== AUDIT_FORMAT) return `its format ${record.format} is none that is known`;
  const { occurredAtMicros } = record;
  if (occurredAtMicros === null) return 'its time is no time';
  const digest = contentDigest({ ...record, occurredAtMicros });
  return contentHash(record.id, digest).equals(record.contentHash) ? undefined : 'its content was changed';
}

/** Whether a sealed record's own columns agree with each other. @returns what is wrong, or undefined */
export function checkRecord(record: ChainedRecord): string | undefined {
  const wrong = checkContent(record);
  if (wrong !== undefined) return wrong;
  const expected = linkHash(record.sequence, record.previousHash, record.contentHash);
  return expected.equals(record.hash) ? undefined : 'its position or one of its hashes was changed';
}
