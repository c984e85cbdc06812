import { defineFaults } from '@edda/faults';

/** The reasons this kit raises beside the common ones. */
export const pgKitFaults = defineFaults('pg-kit', {
  COMMIT_OUTCOME_UNKNOWN: {
    kind: 'unavailable',
    meaning: 'The connection was lost while a transaction committed: it may or may not have taken effect.',
    remedy: 'Retry with the same idempotency key; a committed outcome is replayed.',
  },
  TRANSACTION_ABORTED: {
    kind: 'internal',
    meaning: 'A statement failed, its error was swallowed, and the transaction could only roll back.',
    remedy: 'Report it: code inside a transaction must not catch a statement’s error and go on.',
  },
  TRANSACTION_NESTED: {
    kind: 'internal',
    meaning: 'A transaction was begun inside another one on the same pool.',
    remedy: 'Report it: pass the open client on; a second connection can deadlock with the first.',
  },
  TRANSACTION_CONTENDED: {
    kind: 'conflict',
    meaning: 'The transaction kept colliding with others until its retries were used up.',
    remedy: 'Retry after a short wait.',
  },
  MIGRATION_EDITED: {
    kind: 'precondition',
    meaning: 'A migration that was already applied has been edited.',
    remedy: 'Restore the file as it was applied and put the change into a new migration.',
  },
  MIGRATION_MISSING: {
    kind: 'precondition',
    meaning: 'The database has a migration that this version does not know.',
    remedy: 'Run the version that brought the migration, or a newer one.',
  },
  MIGRATION_OUT_OF_ORDER: {
    kind: 'precondition',
    meaning: 'A new migration sorts before one that was already applied.',
    remedy: 'Give the new migration a later timestamp; migrations only move forward.',
  },
  MIGRATION_FAILED: {
    kind: 'precondition',
    meaning: 'A migration’s SQL was refused; it was rolled back and nothing of it applied.',
    remedy: 'Read the cause, correct the migration, start again.',
  },
  EMBEDDED_POSTGRES_UNSUPPORTED: {
    kind: 'precondition',
    meaning: 'The embedded PostgreSQL cannot run here.',
    remedy: 'Follow the message, or set a database URL to use a PostgreSQL of your own.',
  },
  EMBEDDED_POSTGRES_IN_USE: {
    kind: 'precondition',
    meaning: 'Another running process owns this data directory.',
    remedy: 'Stop that process, or choose another data directory.',
  },
  EMBEDDED_POSTGRES_FAILED: {
    kind: 'unavailable',
    meaning: 'The embedded PostgreSQL did not start.',
    remedy: 'Read the end of postgres.log in the data directory.',
  },
  OUTBOX_FULL: {
    kind: 'exhausted',
    meaning: 'Too many events wait for delivery, so intake slows down.',
    remedy: 'Retry after the given time; check that the receiver of events is up.',
  },
});
