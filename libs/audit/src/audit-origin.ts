import { currentCall } from '@edda/grpc-kit';
import { auditCaller } from './audit-caller.ts';
import { type NewAuditRecord } from './new-audit-record.ts';

/**
 * Who is behind what happens now: the caller of the call being served, with its request id, or, outside of a call and
 * in detached work, `system:<task>`. The tenant is the caller's, which a record about somebody else's object overrides.
 */
export function auditOrigin(task: string): Pick<NewAuditRecord, 'actor' | 'onBehalfOf' | 'networkId' | 'requestId'> {
  const call = currentCall();
  if (call === undefined) return { actor: `system:${task}` };
  return { ...auditCaller(call.identity), requestId: call.requestId };
}
