import { inTransaction } from '@edda/pg-kit';
import { type Pool } from 'pg';
import { appendAudit, type NewAuditRecord } from '../src/index.ts';
import { sealBatch } from '../src/seal-batch.ts';
import { type Span, verifyChain } from '../src/verify-chain.ts';

export const recordOf = (n: number): NewAuditRecord => ({
  occurredAt: new Date(Date.UTC(2026, 2, 1) + n),
  actor: 'njordr',
  onBehalfOf: `user-${n}`,
  networkId: 'demo',
  action: 'preauth.capture',
  subject: `preauth:${n}`,
  requestId: `r-${n}`,
  reason: `reason ${n}`,
  details: { amountCents: BigInt(n) },
});

/** Appends records, one transaction, and leaves them in the intake. */
export function append(pool: Pool, from: number, to: number): Promise<void> {
  const records = Array.from({ length: to - from + 1 }, (_, index) => recordOf(from + index));
  return inTransaction(pool, (client) => appendAudit(client, records));
}

/** A log with records 1 to `count`, sealed. */
export async function sealed(pool: Pool, count: number): Promise<void> {
  await append(pool, 1, count);
  await sealBatch(pool, { batchSize: count });
}

export const verify = (pool: Pool, span: Partial<Span> = {}) =>
  verifyChain(pool, { from: 1n, anchors: [], noneAnchored: false, signal: new AbortController().signal, ...span });
