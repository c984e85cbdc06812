import { heidrun } from '@edda/contracts';
import { transactionMachine, type TransactionState } from '../transactions/transaction-machine.ts';

/** A transaction as Njörðr has it. */
export interface TransactionSide {
  transactionId: string;
  requestId: string;
  state: TransactionState;
  totalCostCents: bigint;
  providerEarningsCents: bigint;
  companyFeeCents: bigint;
}

/** What is wrong between a transaction and its hold; each is explained in the README's runbook. */
export type DifferenceKind =
  | 'HOLD_LEFT_OPEN'
  | 'CAPTURE_MISSING'
  | 'CAPTURED_UNCOMPLETED'
  | 'FIGURES_DIFFER'
  | 'TRANSACTION_MISSING'
  | 'TRANSACTION_STUCK'
  | 'HOLD_MISSING';

const Status = heidrun.PreAuthStatus;
const captures = (state: TransactionState) => state === 'COMPLETED' || state === 'REFUNDED';
const isOpen = (state: TransactionState) => transactionMachine.can(state, 'fail');

/**
 * Compares both sides of one transaction, read in this order: the hold, then the transaction.
 * @param old both were made so long ago that neither may still be open
 */
export function differenceOf(
  transaction: TransactionSide | undefined,
  listed: heidrun.ListedPreAuth | undefined,
  old: boolean,
): DifferenceKind | undefined {
  const status = listed?.preauth?.status;
  if (transaction !== undefined && isOpen(transaction.state)) return old ? 'TRANSACTION_STUCK' : undefined;
  if (listed === undefined || status === undefined) {
    return transaction !== undefined && captures(transaction.state) ? 'HOLD_MISSING' : undefined;
  }
  if (status === Status.CAPTURED) {
    if (transaction === undefined) return 'TRANSACTION_MISSING';
    if (!captures(transaction.state)) return 'CAPTURED_UNCOMPLETED';
    return sameFigures(transaction, listed) ? undefined : 'FIGURES_DIFFER';
  }
  if (transaction !== undefined && captures(transaction.state)) return 'CAPTURE_MISSING';
  return status === Status.PENDING ? 'HOLD_LEFT_OPEN' : undefined;
}

function sameFigures(transaction: TransactionSide, listed: heidrun.ListedPreAuth): boolean {
  return (
    transaction.totalCostCents === listed.capturedCents &&
    transaction.providerEarningsCents === listed.providerEarningsCents &&
    transaction.companyFeeCents === listed.companyFeeCents
  );
}
