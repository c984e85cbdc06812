import { type common } from '@edda/contracts';
import { type ClientBase } from 'pg';
import { contentHash } from './check-events.ts';

/** How far a subject of a service is known. */
export interface Position {
  service: string;
  subject: string;
  /** Highest sequence stored without a gap below. */
  contiguous: bigint;
  /** Highest sequence ever sent. */
  highest: bigint;
}

export interface StoreResult {
  accepted: common.Event[];
  duplicates: number;
  /** Events that contradict a stored one; they were not stored. */
  conflicts: common.Event[];
  /** Of every subject the events belong to. */
  positions: Position[];
}

/**
 * Takes the subjects' rows in the order of their key: whoever else stores events of these subjects waits, and no two
 * writers can wait for each other.
 */
const LOCK = `
INSERT INTO history_subjects AS known (service, subject, highest)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
ON CONFLICT (service, subject) DO UPDATE SET highest = greatest(known.highest, EXCLUDED.highest)`;

/**
 * Taken after the subjects and held until the commit, so that positions become visible in their order and followers
 * may go by the highest one. One batch at a time commits; at some milliseconds per batch of up to 1,000 events that
 * bounds the intake far above what the services emit. What turns out to be known leaves its position unused.
 */
const NUMBER = `UPDATE history_head SET position = position + $1 RETURNING position - $1 AS before`;

const INSERT = `
INSERT INTO history_events (event_id, service, subject, sequence, type, occurred_at,
  request_id, network_id, user_id, provider_id, payload, content_hash, position)
SELECT event_id, service, subject, sequence, type, occurred_at, request_id, network_id, user_id, provider_id, payload,
  content_hash, $13::bigint + ordinal
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[],
  $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
  WITH ORDINALITY AS given (event_id, service, subject, sequence, type, occurred_at, request_id, network_id, user_id,
    provider_id, payload, content_hash, ordinal)
ON CONFLICT DO NOTHING
RETURNING event_id AS "eventId"`;

/** What stands where these events wanted to go, by id or by place: two index lookups, which an OR would not promise. */
const IN_THE_WAY = `
WITH wanted AS (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[])
    WITH ORDINALITY AS w (event_id, service, subject, sequence, content_hash, position)
), met AS (
  SELECT w.position, known.content_hash = w.content_hash AS same
  FROM wanted w JOIN history_events known USING (event_id)
  UNION ALL
  SELECT w.position, known.content_hash = w.content_hash
  FROM wanted w JOIN history_events known USING (service, subject, sequence)
)
SELECT position::int AS position, bool_and(same) AS same FROM met GROUP BY position`;

/** Walks on from where each subject stood; 10,000 rows at most, the rest with the next batch. */
const ADVANCE = `
UPDATE history_subjects AS known SET contiguous = coalesce((
  SELECT max(sequence) FROM (
    SELECT sequence, known.contiguous + row_number() OVER (ORDER BY sequence) AS expected
    FROM (
      SELECT sequence FROM history_events event
      WHERE event.service = known.service AND event.subject = known.subject AND event.sequence > known.contiguous
      ORDER BY sequence LIMIT 10000
    ) following
  ) walk WHERE sequence = expected
), known.contiguous)
FROM unnest($1::text[], $2::text[]) AS touched (service, subject)
WHERE known.service = touched.service AND known.subject = touched.subject
RETURNING known.service, known.subject, known.contiguous, known.highest`;

/**
 * Stores what is new of up to 1,000 checked events, in five statements whatever their number. Call inside a
 * transaction: a repetition after a lost commit finds its own events as duplicates.
 */
export async function storeEvents(client: ClientBase, events: readonly common.Event[]): Promise<StoreResult> {
  const subjects = subjectsOf(events);
  const keys = [subjects.map(({ service }) => service), subjects.map(({ subject }) => subject)];
  const highest = subjects.map((entry) => entry.highest);
  await client.query({ name: 'history-lock', text: LOCK, values: [...keys, highest] });
  const hashed = events.map((event) => ({ event, hash: contentHash(event) }));
  const numbered = await client.query<{ before: bigint }>({
    name: 'history-number',
    text: NUMBER,
    values: [events.length],
  });
  const { rows } = await client.query<{ eventId: string }>({
    name: 'history-insert',
    text: INSERT,
    values: [...columnsOf(hashed), numbered.rows[0]?.before],
  });
  const inserted = new Set(rows.map(({ eventId }) => eventId));
  const accepted: common.Event[] = [];
  const left: typeof hashed = [];
  for (const entry of hashed) {
    // Within one batch the first of two equal ids is the one that was stored.
    if (inserted.delete(entry.event.eventId)) accepted.push(entry.event);
    else left.push(entry);
  }
  const conflicts = await contradictions(client, left);
  const { rows: positions } = await client.query<Position>({ name: 'history-advance', text: ADVANCE, values: keys });
  return { accepted, duplicates: left.length - conflicts.length, conflicts, positions };
}

function subjectsOf(events: readonly common.Event[]): { service: string; subject: string; highest: bigint }[] {
  const subjects = new Map<string, { service: string; subject: string; highest: bigint }>();
  for (const { service, subject, sequence } of events) {
    const key = `${service}\0${subject}`;
    const known = subjects.get(key);
    if (known === undefined || known.highest < sequence) subjects.set(key, { service, subject, highest: sequence });
  }
  return [...subjects.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

function columnsOf(entries: readonly { event: common.Event; hash: string }[]): unknown[] {
  const column = (name: keyof common.Event) => entries.map(({ event }) => event[name]);
  return [
    ...[column('eventId'), column('service'), column('subject'), column('sequence'), column('type')],
    ...[column('occurredAt'), column('requestId'), column('networkId'), column('userId'), column('providerId')],
    ...[column('payloadJson'), entries.map(({ hash }) => hash)],
  ];
}

async function contradictions(
  client: ClientBase,
  left: readonly { event: common.Event; hash: string }[],
): Promise<common.Event[]> {
  if (left.length === 0) return [];
  const column = (name: keyof common.Event) => left.map(({ event }) => event[name]);
  const { rows } = await client.query<{ position: number; same: boolean }>({
    name: 'history-in-the-way',
    text: IN_THE_WAY,
    values: [...[column('eventId'), column('service'), column('subject'), column('sequence')], left.map((l) => l.hash)],
  });
  const same = new Set(rows.filter((row) => row.same).map(({ position }) => position - 1));
  return left.filter((_, index) => !same.has(index)).map(({ event }) => event);
}
