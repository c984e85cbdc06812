import { common, enumName } from '@edda/contracts';
import { auditArrays, auditInsertSql, auditOrigin, type NewAuditRecord } from '@edda/audit';
import { type EndOfTransaction, type NewTransaction, type StartedHold, type Transition } from './transaction-store.ts';

/**
 * The insert of a step's audit record inside the statement that makes the step, so that it costs no round trip.
 * @param source a CTE with one row when the step was made @param first number of the first of its parameters
 */
export function auditOnce(source: string, first: number): string {
  return auditInsertSql(first, `EXISTS (SELECT FROM ${source})`);
}

type Details = NonNullable<NewAuditRecord['details']>;

/** The parameters of `auditOnce` for a new transaction. */
export function auditedCreation(transaction: NewTransaction): unknown[] {
  const { requesterId, model, method, maxCostCents, estimatedInputTokens, createdAt } = transaction;
  return values(transaction, 'transaction.create', createdAt, {
    ...{ requesterId, model, method, estimatedInputTokens },
    ...(maxCostCents !== null && { maxCostCents }),
  });
}

export function auditedStart(
  held: Transition,
  { preauthId, heldCents, commissionRateBps, at }: StartedHold,
): unknown[] {
  return values(held, 'transaction.start', at, { preauthId, heldCents, commissionRateBps });
}

const endActions = { COMPLETED: 'complete', FAILED: 'fail', CANCELLED: 'cancel' } as const;

export function auditedEnd(held: Transition, end: EndOfTransaction): unknown[] {
  const { inputTokens, outputTokens, totalCostCents, providerEarningsCents, companyFeeCents, releasedCents } = end;
  return values(held, `transaction.${endActions[end.state]}`, end.at, {
    finishReason: enumName(common.FinishReason, end.finishReason) ?? '',
    costLimited: end.costLimited,
    ...{ inputTokens, outputTokens, totalCostCents, providerEarningsCents, companyFeeCents, releasedCents },
    ...(end.failureReason !== '' && { failureReason: end.failureReason }),
    legs: end.legs.map(({ providerId, ownerId, earningsCents }) => ({ providerId, ownerId, earningsCents })),
  });
}

type Whose = Pick<Transition, 'transactionId' | 'requestId' | 'networkId'>;

function values({ transactionId, requestId, networkId }: Whose, action: string, at: Date, details: Details): unknown[] {
  const subject = `transaction:${transactionId}`;
  return auditArrays([
    { occurredAt: at, ...auditOrigin('transactions'), networkId, action, subject, requestId, details },
  ]);
}
