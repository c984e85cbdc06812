import { type Identity } from '@edda/grpc-kit';
import { type NewAuditRecord } from './new-audit-record.ts';

/** Who acts in a call: the subject itself, or the service that acts for it (edda-act-as). */
export function auditCaller(identity: Identity): Pick<NewAuditRecord, 'actor' | 'onBehalfOf' | 'networkId'> {
  const { actor, subject, networkId } = identity;
  if (actor === undefined) return { actor: subject, networkId };
  return { actor: actor.subject, onBehalfOf: subject, networkId };
}
