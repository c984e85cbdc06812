import { AsyncLocalStorage } from 'node:async_hooks';
import { type Pool } from 'pg';
import { inTransaction } from '../in-transaction.ts';

export interface OutboxEvent {
  /** Unique and stable over redeliveries. */
  id: bigint;
  subject: string;
  /** Gapless from 1 within the subject: receivers order and deduplicate by it. */
  sequence: bigint;
  type: string;
  payload: unknown;
  requestId: string | undefined;
  occurredAt: Date;
  /** The span it was written in; undefined where there was no trace. */
  traceparent?: string | undefined;
}

export interface DeliverOptions {
  pool: Pool;
  /** Must settle when the signal aborts; what it then still sends may arrive twice. */
  deliver: (batch: readonly OutboxEvent[], signal: AbortSignal) => Promise<void>;
  batchSize: number;
  deliverTimeoutMs: number;
}

/**
 * The partition rows are held until the mark commits. Should we die in between, the server ends the session, the lock
 * goes, and another relay delivers the batch again: at least once, in order. READ COMMITTED matters: the events are
 * read after the lock is held, so what an earlier holder marked is seen.
 */
const CLAIM = 'SELECT partition FROM outbox_partitions WHERE partition = ANY($1) ORDER BY 1 FOR UPDATE SKIP LOCKED';
const NEXT = `
SELECT id, subject, sequence, type, payload, request_id AS "requestId", occurred_at AS "occurredAt", traceparent
FROM outbox_events WHERE NOT published AND partition = ANY($1) ORDER BY id LIMIT $2`;
const MARK = 'UPDATE outbox_events SET published = true, published_at = now() WHERE id = ANY($1)';

/**
 * Delivers the next batch of the given partitions, leaving out those another relay is working on.
 * @returns how many events were delivered and marked
 */
export function deliverOnce(
  options: DeliverOptions,
  partitions: readonly number[],
  stop: AbortSignal,
): Promise<number> {
  // The receiver may use the same pool for its own work: it does not run inside our transaction.
  const outside = AsyncLocalStorage.snapshot();
  const { pool, deliver, batchSize, deliverTimeoutMs } = options;
  return inTransaction(
    pool,
    async (client) => {
      const claimed = await client.query<{ partition: number }>({
        name: 'outbox-claim',
        text: CLAIM,
        values: [partitions],
      });
      if (claimed.rows.length === 0) return 0;
      const { rows } = await client.query<OutboxEvent>({
        name: 'outbox-next',
        text: NEXT,
        values: [claimed.rows.map(({ partition }) => partition), batchSize],
      });
      if (rows.length === 0) return 0;
      const signal = AbortSignal.any([stop, AbortSignal.timeout(deliverTimeoutMs)]);
      await untilAborted(
        outside(() => deliver(rows.map(normalise), signal)),
        signal,
      );
      await client.query({ name: 'outbox-mark', text: MARK, values: [rows.map(({ id }) => id)] });
      return rows.length;
    },
    // Delivery is not repeated here: a failure goes to the relay, which backs off.
    { maxRetries: 0 },
  );
}

function normalise(row: OutboxEvent): OutboxEvent {
  return {
    ...row,
    id: BigInt(row.id),
    sequence: BigInt(row.sequence),
    requestId: row.requestId ?? undefined,
    traceparent: row.traceparent ?? undefined,
  };
}

async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
    aborted.promise.catch(() => undefined);
    work.catch(() => undefined);
  }
}
