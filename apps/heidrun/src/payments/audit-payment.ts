import { appendAudit, auditOrigin, type NewAuditRecord } from '@edda/audit';
import { type ClientBase } from 'pg';
import { type UserKey } from '../ledger/account-names.ts';

/** What was done to something a user pays or is paid with. */
export interface PaymentStep extends Pick<NewAuditRecord, 'action' | 'subject' | 'reason'> {
  user: UserKey;
  at: Date;
  /** Never a token, nor anything that could be charged. */
  details?: Readonly<Record<string, unknown>>;
}

/** The audit record of a payment step, within the caller's transaction. */
export function auditPayment(
  client: ClientBase,
  { user, at, action, subject, reason, details }: PaymentStep,
): Promise<void> {
  return appendAudit(client, [
    {
      occurredAt: at,
      ...auditOrigin('payments'),
      networkId: user.networkId,
      action,
      subject,
      ...(reason !== undefined && { reason }),
      details: { userId: user.userId, ...details },
    },
  ]);
}
