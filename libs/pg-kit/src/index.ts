export { advisoryLocks, namedLock } from './advisory-locks.ts';
export { isConnectionError, sqlStateOf } from './connection-errors.ts';
export { createBatcher, type Batcher, type BatcherOptions } from './create-batcher.ts';
export { createPool, type PoolOptions } from './create-pool.ts';
export { endOrphanedPostgres } from './embedded/end-orphaned-postgres.ts';
export { freePort } from './embedded/free-port.ts';
export {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './embedded/start-embedded-postgres.ts';
export { pgKitFaults } from './faults.ts';
export { hashRequest } from './idempotency/hash-request.ts';
export { IDEMPOTENCY_TTL_MS, idempotencyTables, idempotencyTableSql } from './idempotency/idempotency-table-sql.ts';
export { knownOutcome } from './idempotency/known-outcome.ts';
export { sweepIdempotency } from './idempotency/sweep-idempotency.ts';
export { withIdempotency, type IdempotencyScope } from './idempotency/with-idempotency.ts';
export {
  inPipelinedTransaction,
  inTransaction,
  type LastStatements,
  type TransactionOptions,
} from './in-transaction.ts';
export { jsonText } from './json-text.ts';
export { type KitLogger } from './kit-logger.ts';
export { migrate, MIGRATIONS_TABLE, type MigrateOptions } from './migrate.ts';
export { appendEvents, appendEventsQuery, type NewEvent } from './outbox/append-events.ts';
export {
  createOutboxRelay,
  type OutboxMetrics,
  type OutboxRelay,
  type OutboxRelayOptions,
} from './outbox/create-outbox-relay.ts';
export { type OutboxEvent } from './outbox/deliver-once.ts';
export { assertOutboxCapacity, countPending } from './outbox/outbox-capacity.ts';
export { OUTBOX_PARTITIONS, outboxTables, outboxTableSql, outboxTableSteps } from './outbox/outbox-table-sql.ts';
export { sweepPublished } from './outbox/sweep-published.ts';
export { decodePageToken, encodePageToken, pagePosition, takePage } from './page-tokens.ts';
export { createWakeUp, type WakeUp } from './wake-up.ts';
export { readMigrations, type Migration } from './read-migrations.ts';
