import { commonFaults } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type KeyScope } from '../transactions/transaction-reads.ts';
import { type TransactionRow } from '../transactions/transaction-row.ts';
import { keySchema } from './compute-schema.ts';

/** The request's key, else the header's; null for a call that is simply new. @throws INVALID_INPUT */
export function keyOf(request: { idempotencyKey: string }, ctx: Pick<CallContext, 'idempotencyHeader'>): string | null {
  const key = request.idempotencyKey === '' ? (ctx.idempotencyHeader ?? '') : request.idempotencyKey;
  parseWith(keySchema, { idempotencyKey: key });
  return key === '' ? null : key;
}

/** A key belongs to one tenant, caller and method. */
export function scopeOf(ctx: Pick<CallContext, 'identity'>, method: KeyScope['method'], key: string): KeyScope {
  const { subject, networkId } = ctx.identity;
  return { networkId, requesterId: subject, method, key };
}

/** @throws IDEMPOTENCY_CONFLICT when the key stands for another request */
export function assertSameRequest(row: Pick<TransactionRow, 'requestHash'>, hash: string): void {
  if (row.requestHash !== hash) {
    throw commonFaults.IDEMPOTENCY_CONFLICT('The idempotency key was used before with other content.');
  }
}
