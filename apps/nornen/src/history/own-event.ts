import { randomUUID } from 'node:crypto';
import { type common } from '@edda/contracts';
import { jsonText, type NewEvent } from '@edda/pg-kit';

/**
 * An event of Nornen's own, stored at once instead of going through an outbox. Members of the payload that say whom
 * it concerns become fields of it. @param sequence gapless within the subject, from 1
 */
export function ownEvent({ subject, type, payload, requestId, occurredAt }: NewEvent, sequence: bigint): common.Event {
  const facts = (typeof payload === 'object' && payload !== null ? payload : {}) as Record<string, unknown>;
  const text = (name: string): string => (typeof facts[name] === 'string' ? facts[name] : '');
  return {
    eventId: randomUUID(),
    ...{ subject, sequence, type, occurredAt },
    service: 'nornen',
    requestId: requestId ?? '',
    networkId: text('network_id'),
    userId: text('user_id'),
    providerId: '',
    payloadJson: jsonText(payload),
  };
}
