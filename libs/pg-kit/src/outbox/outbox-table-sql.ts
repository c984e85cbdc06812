/** Stored hash partitions; fixed, because changing it would move subjects between relays while events wait. */
export const OUTBOX_PARTITIONS = 64;

/** The outbox's tables, for lists of tables that a schema.prisma need not describe. */
export const outboxTables = ['outbox_events', 'outbox_sequences', 'outbox_partitions'] as const;

/**
 * DDL each service copies into migrations, one for each step. `outbox_partitions` holds one row per partition; locking it makes a relay
 * the only one to deliver that partition, which is what keeps a subject's events in order.
 */
const created = `
CREATE TABLE outbox_sequences (
  subject text PRIMARY KEY,
  last_sequence bigint NOT NULL
);

CREATE TABLE outbox_events (
  id bigserial PRIMARY KEY,
  subject text NOT NULL,
  sequence bigint NOT NULL,
  partition smallint NOT NULL,
  type text NOT NULL,
  payload jsonb NOT NULL,
  request_id text,
  occurred_at timestamptz NOT NULL,
  published boolean NOT NULL DEFAULT false,
  published_at timestamptz,
  UNIQUE (subject, sequence)
);
CREATE INDEX outbox_events_waiting ON outbox_events (id) INCLUDE (partition) WHERE NOT published;
CREATE INDEX outbox_events_done ON outbox_events (published_at) WHERE published;

CREATE TABLE outbox_partitions (
  partition smallint PRIMARY KEY
);
INSERT INTO outbox_partitions SELECT generate_series(0, ${OUTBOX_PARTITIONS - 1});
`;

/** The span an event was written in, so that its delivery, later and perhaps by another replica, is seen in that trace. */
const traced = `
ALTER TABLE outbox_events ADD COLUMN traceparent text;
`;

export const outboxTableSteps = [created, traced] as const;

/** The outbox as it is now, for a database made in one go. */
export const outboxTableSql = outboxTableSteps.join('');
