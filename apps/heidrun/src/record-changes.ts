import { appendAudit } from '@edda/audit';
import { type CallContext } from '@edda/grpc-kit';
import { appendEvents } from '@edda/pg-kit';
import { type ClientBase } from 'pg';
import { type UserKey } from './ledger/account-names.ts';
import { callerOf } from './ledger/visibility.ts';

/** Who makes a change: the caller, for whom it acts if for somebody else, and in which call. */
export interface Origin {
  actor: string;
  onBehalfOf?: string;
  requestId?: string;
}

/** What sweeps and notifications of payment providers change, the system itself does. */
export const systemOrigin = (task: string): Origin => ({ actor: `system:${task}` });

export const originOf = ({ identity, requestId }: Pick<CallContext, 'identity' | 'requestId'>): Origin => ({
  actor: callerOf(identity),
  ...(identity.actor !== undefined && { onBehalfOf: identity.subject }),
  requestId,
});

/** A change that moves money or fixes how it may move. */
export interface MoneyChange {
  /** `<noun>.<verb>`; its event is `heidrun.<noun>.<verb>`. */
  action: string;
  /** `<kind>:<id>`; events of one subject arrive in order. */
  subject: string;
  /** Whose money it is about. */
  user: UserKey;
  reason?: string;
  details: Readonly<Record<string, unknown>>;
}

/** Writes audit records and events of changes, within the transaction that makes them. */
export async function recordChanges(
  client: ClientBase,
  origin: Origin,
  occurredAt: Date,
  changes: readonly MoneyChange[],
): Promise<void> {
  const { actor, onBehalfOf, requestId } = origin;
  await appendAudit(
    client,
    changes.map(({ user, ...change }) => ({
      occurredAt,
      actor,
      ...(onBehalfOf !== undefined && { onBehalfOf }),
      networkId: user.networkId,
      ...(requestId !== undefined && { requestId }),
      ...change,
      details: { user_id: user.userId, ...change.details },
    })),
  );
  await appendEvents(
    client,
    changes.map(({ action, subject, user, reason, details }) => ({
      subject,
      type: `heidrun.${action}`,
      payload: {
        user_id: user.userId,
        network_id: user.networkId,
        ...(reason !== undefined && reason !== '' && { reason }),
        ...details,
      },
      ...(origin.requestId !== undefined && { requestId: origin.requestId }),
      occurredAt,
    })),
  );
}
