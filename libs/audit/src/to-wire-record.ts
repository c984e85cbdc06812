import { type audit } from '@edda/contracts';
import { type ChainedRecord } from './chain-reader.ts';

export function toWireRecord(record: ChainedRecord): audit.AuditRecord {
  const { sequence, actor, onBehalfOf, networkId, action, subject, requestId, reason, detailsJson } = record;
  const micros = record.occurredAtMicros;
  return {
    ...{ sequence, actor, onBehalfOf, networkId, action, subject, requestId, reason, detailsJson },
    // Kept to the millisecond when it is written, so a Date holds it all.
    occurredAt: micros === null ? undefined : new Date(Number(micros / 1_000n)),
    previousHash: record.previousHash.toString('hex'),
    hash: record.hash.toString('hex'),
    recordId: record.id,
    contentHash: record.contentHash.toString('hex'),
    format: record.format,
  };
}
