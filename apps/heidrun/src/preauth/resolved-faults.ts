import { commonFaults } from '@edda/faults';
import { DatabaseError } from 'pg';
import { heidrunFaults } from '../faults.ts';
import { type Hold, type HoldWithResolution, stateOf } from './hold.ts';
import { preAuthMachine } from './pre-auth-machine.ts';

/** Somebody else's hold and none at all look the same. */
export function holdNotFound(field = 'preauth_id'): Error {
  return commonFaults.NOT_FOUND('there is no such hold', { violations: [{ field, description: 'names no hold' }] });
}

export function expired(hold: Hold): Error {
  return heidrunFaults.PREAUTH_EXPIRED(`the hold expired at ${hold.expiresAt.toISOString()}`, {
    metadata: { state: 'EXPIRED', expires_at: hold.expiresAt.toISOString() },
    violations: [{ field: 'preauth_id', description: 'names a hold whose time is over' }],
  });
}

/** @throws ILLEGAL_TRANSITION naming the state, unless the hold may still take this step */
export function assertMay(event: 'capture' | 'cancel', found: HoldWithResolution): void {
  preAuthMachine.next(stateOf(found), event);
}

export function otherContent(field: string, description: string): Error {
  return commonFaults.IDEMPOTENCY_CONFLICT(`${field} ${description}`, { violations: [{ field, description }] });
}

/** A key that resolved another hold before. */
export const keyOfAnotherHold = (): Error => otherContent('idempotency_key', 'was used for another hold');

/** What the database refused a resolution for, where it was its key. */
export function asResolutionConflict(error: unknown): unknown {
  return error instanceof DatabaseError && error.constraint === 'hold_resolutions_key' ? keyOfAnotherHold() : error;
}
