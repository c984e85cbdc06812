import { currentSpan } from '@edda/telemetry';
import { type ClientBase, type QueryConfig } from 'pg';
import { jsonText } from '../json-text.ts';
import { OUTBOX_PARTITIONS } from './outbox-table-sql.ts';

export interface NewEvent {
  /** What the event is about; events of one subject are delivered in order. */
  subject: string;
  /** For instance `transaction.completed`. */
  type: string;
  payload: unknown;
  requestId?: string;
  /** The span it belongs to; by default the one that appends it. Batches name each event's own. */
  traceparent?: string | undefined;
  occurredAt: Date;
}

/**
 * Sequence rows are taken in subject order, so that two appends cannot deadlock. Their locks last until commit:
 * within a subject, the order of sequences is the order of commits, and a rollback leaves no gap.
 */
const APPEND = `
WITH input AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::text[], $5::timestamptz[], $6::text[])
    WITH ORDINALITY AS t (subject, type, payload, request_id, occurred_at, traceparent, position)
), added AS (
  SELECT subject, count(*) AS events FROM input GROUP BY subject
), bumped AS (
  INSERT INTO outbox_sequences AS s (subject, last_sequence)
  SELECT subject, events FROM added ORDER BY subject
  ON CONFLICT (subject) DO UPDATE SET last_sequence = s.last_sequence + EXCLUDED.last_sequence
  RETURNING subject, last_sequence
), numbered AS (
  SELECT input.*, bumped.last_sequence - added.events
    + row_number() OVER (PARTITION BY input.subject ORDER BY input.position) AS sequence
  FROM input JOIN added USING (subject) JOIN bumped USING (subject)
), inserted AS (
  INSERT INTO outbox_events (subject, sequence, partition, type, payload, request_id, occurred_at, traceparent)
  SELECT subject, sequence, (hashtext(subject) & 2147483647) % ${OUTBOX_PARTITIONS}, type, payload, request_id, occurred_at,
    traceparent
  FROM numbered ORDER BY position
  RETURNING subject, sequence
)
SELECT inserted.sequence FROM inserted JOIN numbered USING (subject, sequence) ORDER BY position`;

/**
 * Writes events into the outbox within the caller's transaction, in one round trip.
 * @returns each event's sequence within its subject, gapless from 1, in the order given
 */
export async function appendEvents(client: ClientBase, events: readonly NewEvent[]): Promise<bigint[]> {
  if (events.length === 0) return [];
  const { rows } = await client.query<{ sequence: bigint | string }>(appendEventsQuery(events));
  return rows.map(({ sequence }) => BigInt(sequence));
}

/** The statement of `appendEvents`, for transactions that send several at once. */
export function appendEventsQuery(events: readonly NewEvent[]): QueryConfig {
  const here = currentSpan()?.traceparent;
  return {
    name: 'outbox-append',
    text: APPEND,
    values: [
      events.map((event) => event.subject),
      events.map((event) => event.type),
      events.map((event) => jsonText(event.payload)),
      events.map((event) => event.requestId ?? null),
      events.map((event) => event.occurredAt),
      events.map((event) => event.traceparent ?? here ?? null),
    ],
  };
}
