import { njordr } from '@edda/contracts';
import { statusOf } from '../transactions/to-transaction.ts';
import { type TransactionRow } from '../transactions/transaction-row.ts';

/** A request as stored: without its prompt. @param result its answer, while kept */
export function toComputeRequest(row: TransactionRow, result?: njordr.ComputeResult): njordr.ComputeRequest {
  return njordr.ComputeRequest.fromPartial({
    requestId: row.requestId,
    transactionId: row.transactionId,
    status: statusOf(row),
    model: row.model,
    maxCostCents: row.maxCostCents ?? 0n,
    outputBudgetTokens: row.outputBudgetTokens,
    createdAt: row.createdAt,
    deadline: row.deadline,
    completedAt: row.completedAt ?? undefined,
    result,
    receipt: row.receipt === null ? undefined : njordr.Receipt.decode(row.receipt),
    failureReason: row.failureReason,
    failureMessage: row.failureMessage,
  });
}
