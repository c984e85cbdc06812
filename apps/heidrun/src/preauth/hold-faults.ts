import { commonFaults } from '@edda/faults';
import { DatabaseError } from 'pg';
import { heidrunFaults } from '../faults.ts';

function conflict(field: string, description: string): Error {
  return commonFaults.IDEMPOTENCY_CONFLICT(`${field} ${description}`, { violations: [{ field, description }] });
}

/** A transaction that has a hold already, for another request. */
export const otherContentOfTransaction = (): Error =>
  conflict('transaction_id', 'has a hold that was asked for with other content');

/** A key that made another transaction's hold. */
export const keyOfAnotherTransaction = (): Error => conflict('idempotency_key', 'was used for another transaction');

export function paymentMethodRequired(): Error {
  return heidrunFaults.PAYMENT_METHOD_REQUIRED('the requester has no verified payment method', {
    violations: [{ field: 'requester_id', description: 'has no verified payment method' }],
  });
}

export function accountFrozen(): Error {
  return heidrunFaults.ACCOUNT_FROZEN('the wallet takes no new holds', {
    violations: [{ field: 'requester_id', description: 'has a frozen wallet' }],
  });
}

/** Two processes stored a hold of one transaction, or with one key, for different requests at the same instant. */
export function asHoldConflict(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  if (error.constraint === 'holds_key') return keyOfAnotherTransaction();
  return error.constraint === 'holds_transaction_id_key' ? otherContentOfTransaction() : error;
}
