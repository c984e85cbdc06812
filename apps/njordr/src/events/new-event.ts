import { jsonText, OUTBOX_PARTITIONS } from '@edda/pg-kit';
import { currentSpan } from '@edda/telemetry';

/** An event whose sequence its writer knows, because only one writer at a time can write about the subject. */
export interface SequencedEvent {
  subject: string;
  /** From 1, without gaps within the subject. */
  sequence: bigint;
  /** `njordr.<noun>.<verb>`. */
  type: string;
  /** Members network_id, user_id and provider_id, where given, say whom it concerns. */
  payload: Readonly<Record<string, unknown>>;
}

/** The partition a subject belongs to, as pg-kit's outbox computes it. */
const partition = `(hashtext(subject) & 2147483647) % ${OUTBOX_PARTITIONS}`;

/**
 * The select that feeds `INSERT INTO outbox_events` inside a larger statement, so that an event costs no round trip of
 * its own. @param first the number of the first of six parameters, see `eventValues` @param source a guard: one row per insert
 */
export function insertEventsFrom(source: string, first: number): string {
  return `INSERT INTO outbox_events (subject, sequence, partition, type, payload, request_id, occurred_at, traceparent)
  SELECT subject, sequence, ${partition}, type, payload, ${source}.request_id, $${first + 4}::timestamptz,
    $${first + 5}::text
  FROM ${source}, unnest($${first}::text[], $${first + 1}::bigint[], $${first + 2}::text[], $${first + 3}::jsonb[])
    AS e (subject, sequence, type, payload)`;
}

export function eventValues(events: readonly SequencedEvent[], occurredAt: Date): unknown[] {
  return [
    events.map((event) => event.subject),
    events.map((event) => event.sequence),
    events.map((event) => event.type),
    events.map((event) => jsonText(event.payload)),
    occurredAt,
    currentSpan()?.traceparent ?? null,
  ];
}
