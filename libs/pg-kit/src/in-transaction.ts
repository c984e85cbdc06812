import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { commonFaults, Fault } from '@edda/faults';
import { type Pool, type PoolClient, type QueryConfig } from 'pg';
import { isConnectionError, sqlStateOf } from './connection-errors.ts';
import { pgKitFaults } from './faults.ts';

export interface TransactionOptions {
  /** READ COMMITTED by default. */
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /** Further attempts after a serialization failure or deadlock; 5 by default. */
  maxRetries?: number;
  /** No retry begins later than this after the first attempt; 5,000 ms by default. */
  retryBudgetMs?: number;
  /** Running `fn` again after it committed does no harm, so a COMMIT of unknown outcome may be retried too. */
  idempotent?: boolean;
  /** From 0 up to 1, for the jitter. */
  random?: () => number;
}

const BACKOFF_BASE_MS = 10;
const BACKOFF_CAP_MS = 500;
const openTransactions = new AsyncLocalStorage<{ pool: Pool; open: boolean }>();

/**
 * Runs `fn` in one transaction and commits. Serialization failures (40001) and deadlocks (40P01) are retried with
 * exponential backoff and full jitter, so `fn` must have no effect outside the database. Errors of `fn` roll back
 * and pass through.
 * @throws TRANSACTION_CONTENDED when retries run out, COMMIT_OUTCOME_UNKNOWN when the connection broke during COMMIT,
 *   DEPENDENCY_UNAVAILABLE when it broke before, TRANSACTION_NESTED, TRANSACTION_ABORTED
 */
export function inTransaction<T>(
  pool: Pool,
  fn: (client: PoolClient) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  return withRetries(pool, options, async (client, begin) => {
    await client.query(begin);
    const result = await fn(client);
    await commit(client);
    return result;
  });
}

/** How a pipelined transaction ends: with statements whose answers decide nothing any more. */
export interface LastStatements<T> {
  result: T;
  /** Sent in this order, COMMIT right behind them. Finished before, so that nothing can fail between two of them. */
  last: readonly QueryConfig[];
}

/**
 * As `inTransaction`, for a pool with `pipeline`: BEGIN goes out together with the first statements of `fn`, COMMIT
 * together with the last, so that locks are held for as few round trips as there are questions.
 */
export function inPipelinedTransaction<T>(
  pool: Pool,
  fn: (client: PoolClient) => Promise<LastStatements<T>>,
  options: TransactionOptions = {},
): Promise<T> {
  return withRetries(pool, options, async (client, begin) => {
    const begun = client.query(begin);
    // Reported with the rest, unless `fn` fails first.
    begun.catch(() => undefined);
    const { result, last } = await fn(client);
    const sent = last.map((statement) => client.query(statement));
    const outcomes = await Promise.allSettled([begun, ...sent, commit(client)]);
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    // With COMMIT on its way, a connection that breaks leaves the outcome open, whichever statement it broke at.
    if (failures.length > 0) throw failures.find(isOutcomeUnknown) ?? failures[0];
    return result;
  });
}

const isOutcomeUnknown = (error: unknown): boolean =>
  error instanceof Fault && error.reason === 'COMMIT_OUTCOME_UNKNOWN';

type Attempt<T> = (client: PoolClient, begin: string) => Promise<T>;

async function withRetries<T>(pool: Pool, options: TransactionOptions, attempt: Attempt<T>): Promise<T> {
  const outer = openTransactions.getStore();
  if (outer?.open && outer.pool === pool) {
    throw pgKitFaults.TRANSACTION_NESTED('A transaction is already open here; pass its client on.');
  }
  const { maxRetries = 5, retryBudgetMs = 5_000, random = Math.random } = options;
  const startedAt = performance.now();
  for (let retries = 0; ; retries++) {
    try {
      return await attemptOnce(pool, attempt, options.isolation);
    } catch (error) {
      if (!mayRetry(error, options.idempotent ?? false)) throw error;
      const waitMs = random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** retries);
      if (retries >= maxRetries || performance.now() - startedAt + waitMs > retryBudgetMs) throw givenUp(error);
      await sleep(waitMs);
    }
  }
}

function mayRetry(error: unknown, idempotent: boolean): boolean {
  const state = sqlStateOf(error);
  if (state === '40001' || state === '40P01') return true;
  return idempotent && isOutcomeUnknown(error);
}

function givenUp(error: unknown): unknown {
  if (error instanceof Fault) return error;
  return pgKitFaults.TRANSACTION_CONTENDED('The data is contended; retries ran out.', {
    cause: error,
    retryAfterMs: BACKOFF_CAP_MS,
  });
}

async function attemptOnce<T>(pool: Pool, attempt: Attempt<T>, isolation: TransactionOptions['isolation']): Promise<T> {
  const client = await pool.connect().catch((cause: unknown) => {
    throw commonFaults.DEPENDENCY_UNAVAILABLE('The database does not answer.', { cause, retryAfterMs: 1_000 });
  });
  const context = { pool, open: true };
  let broken = false;
  try {
    const begin = isolation === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${isolation}`;
    return await openTransactions.run(context, () => attempt(client, begin));
  } catch (error) {
    broken = connectionLost(error) || !(await rolledBack(client));
    if (error instanceof Fault || !isConnectionError(error)) throw error;
    throw commonFaults.DEPENDENCY_UNAVAILABLE('The database connection was lost.', {
      cause: error,
      retryAfterMs: 1_000,
    });
  } finally {
    context.open = false;
    // A broken client is destroyed; given back, it would fail whoever gets it next.
    client.release(broken);
  }
}

async function commit(client: PoolClient): Promise<void> {
  const { command } = await client.query('COMMIT').catch((error: unknown) => {
    // An error the server reported about the transaction itself (a deferred constraint, say) is a clear "no".
    if (sqlStateOf(error) !== undefined && !isConnectionError(error)) throw error;
    throw pgKitFaults.COMMIT_OUTCOME_UNKNOWN('The connection broke during COMMIT.', {
      cause: error,
      retryAfterMs: 1_000,
    });
  });
  // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, not with an error.
  if (command === 'ROLLBACK') {
    throw pgKitFaults.TRANSACTION_ABORTED('The transaction had failed and was rolled back.');
  }
}

function connectionLost(error: unknown): boolean {
  return isConnectionError(error) || isOutcomeUnknown(error);
}

async function rolledBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}
