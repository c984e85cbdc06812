import { commonFaults, invalidInput } from '@edda/faults';
import { type CallContext } from '@edda/grpc-kit';
import { type IdempotencyScope, hashRequest, withIdempotency } from '@edda/pg-kit';
import { type Clock } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type UserKey } from '../ledger/account-names.ts';

/**
 * Whose account a request is about: the caller's (or that of the user a service acts for), or the user named, whom only
 * admin and service may name, within their own tenant.
 * @throws NOT_FOUND when a user names somebody else; INVALID_INPUT when a service names nobody
 */
export function accountOf({ identity }: Pick<CallContext, 'identity'>, userId: string): UserKey {
  const { subject, networkId, roles } = identity;
  const isUser = roles.has('user') || roles.has('provider');
  if (userId === '') {
    if (isUser || roles.has('admin')) return { networkId, userId: subject };
    throw invalidInput([{ field: 'user_id', description: 'is required of a service that acts for nobody' }]);
  }
  if (userId === subject || roles.has('admin') || roles.has('service')) return { networkId, userId };
  throw commonFaults.NOT_FOUND('There is no such account.');
}

/** The scope in which a mutation happens once: tenant, caller, method and key. */
export function scopeOf(
  request: { idempotencyKey: string },
  ctx: CallContext,
  clock: Clock,
  onReplay: () => void,
): IdempotencyScope {
  return {
    tenant: ctx.identity.networkId,
    caller: ctx.identity.subject,
    method: ctx.method,
    key: request.idempotencyKey,
    requestHash: hashRequest(request),
    now: clock.now(),
    onReplay,
  };
}

/**
 * The answer remembered for a key, or undefined: for work whose first step lies outside of the database and must not be
 * repeated for a replay. Waits for a concurrent first one.
 * @throws IDEMPOTENCY_CONFLICT when the key was used with another request
 */
export async function remembered(pool: Pool, scope: IdempotencyScope): Promise<unknown> {
  const notYet = new Error('not remembered');
  try {
    // Rolled back by the throw, so that the look leaves no trace.
    return await withIdempotency<unknown>(pool, scope, () => Promise.reject(notYet));
  } catch (error) {
    if (error === notYet) return undefined;
    throw error;
  }
}
