import pg from 'pg';
import { asUnavailable } from './connection-errors.ts';
import { type KitLogger } from './kit-logger.ts';
import { kitTypes } from './kit-types.ts';

export interface PoolOptions {
  url: string;
  /** Shown as application_name in pg_stat_activity. */
  name: string;
  /** Most connections at once; 10 by default. */
  max?: number;
  logger: KitLogger;
  /** Statements are sent without waiting for the answers to earlier ones; off by default. For `inPipelinedTransaction`. */
  pipeline?: boolean;
  /** A statement is cancelled by the server after this long; 30,000 by default, 0 for never. */
  statementTimeoutMs?: number;
  /** How long to wait for a connection, new or freed; 5,000 by default. */
  connectTimeoutMs?: number;
  /** A transaction that its owner leaves idle is ended after this long; 60,000 by default. */
  idleInTransactionTimeoutMs?: number;
}

/**
 * A connection pool that outlives its server: a lost connection is logged and replaced, never an unhandled error.
 * A query on it that finds no connection, or loses it, rejects with DEPENDENCY_UNAVAILABLE, as transactions do.
 * int8 (and count(*)) arrive as bigint, numeric and date as text, timestamptz as Date; other pools are unaffected.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const { logger, name } = options;
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: name,
    max: options.max ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs ?? 60_000,
    keepAlive: true,
    pipeline: options.pipeline ?? false,
    types: kitTypes,
  });
  pool.on('error', (error) =>
    logger.warn({ reason: error.message, pool: name }, 'an idle database connection was lost'),
  );
  // The error itself carries the whole client, with every statement it prepared.
  // pg-pool listens only while a client is idle; a client lost between two statements would end the process.
  pool.on('connect', (client) => {
    client.on('error', (error: Error) =>
      logger.debug({ reason: error.message, pool: name }, 'a database connection was lost'),
    );
  });
  const query = pool.query.bind(pool) as (...args: unknown[]) => unknown;
  return Object.assign(pool, {
    query(...args: unknown[]): unknown {
      const answer = query(...args);
      if (!(answer instanceof Promise)) return answer;
      return answer.catch((error: unknown) => {
        throw asUnavailable(error);
      });
    },
  });
}
