import { randomUUID } from 'node:crypto';
import { invalidInput } from '@edda/faults';

/**
 * The key a mutation runs under: the Idempotency-Key header, else the body's idempotency_key, else one of its own, so
 * that repetitions inside (towards Heidrun) stay harmless although the caller's own are not recognised.
 * @param optional '' instead of a key of its own, for handlers that then spare themselves the bookkeeping
 * @throws INVALID_INPUT when header and body name different keys
 */
export function mutationKey(header: string | undefined, body: string, optional: boolean): string {
  if (header !== undefined && body !== '' && header !== body) {
    throw invalidInput([{ field: 'idempotency_key', description: 'differs from the Idempotency-Key header' }]);
  }
  if (header !== undefined || body !== '') return header ?? body;
  return optional ? '' : `http:${randomUUID()}`;
}
