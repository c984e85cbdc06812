import { createHash } from 'node:crypto';
import { type common } from '@edda/contracts';
import { type OutboxEvent } from '@edda/pg-kit';

/** Longest subject the history takes, characters (the contract's figure). */
const MAX_SUBJECT = 200;

/** An outbox event as the history takes it. Its id derives from subject and sequence: the same on every redelivery. */
export function toWireEvent(event: OutboxEvent): common.Event {
  const payload = event.payload as Readonly<Record<string, unknown>>;
  const text = (name: string): string => {
    const value = payload[name];
    return typeof value === 'string' ? value : '';
  };
  return {
    eventId: uuidOf(`heidrun\n${event.subject}\n${event.sequence}\n${event.type}`),
    subject: subjectOf(event),
    sequence: event.sequence,
    type: event.type,
    service: 'heidrun',
    occurredAt: event.occurredAt,
    requestId: event.requestId ?? '',
    networkId: text('network_id'),
    userId: text('user_id'),
    providerId: text('provider_id'),
    payloadJson: JSON.stringify(payload),
  };
}

/**
 * Names of models, users and tenants make a subject longer than the history takes. It would refuse the batch for ever,
 * and every later event with it; so a digest stands for what is too long, the same for the same subject.
 */
function subjectOf({ subject }: OutboxEvent): string {
  if (subject.length <= MAX_SUBJECT) return subject;
  const kind = subject.slice(0, subject.indexOf(':'));
  return `${kind}:sha256:${createHash('sha256').update(subject).digest('hex')}`;
}

/** RFC 9562, version 8: a UUID from a hash of our own. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
