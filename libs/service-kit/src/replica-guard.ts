import { setTimeout as sleep } from 'node:timers/promises';
import { advisoryLocks, createPool } from '@edda/pg-kit';
import { type Logger } from '@edda/telemetry';
import { type PoolClient } from 'pg';
import { serviceKitFaults } from './faults.ts';

export interface ReplicaGuardOptions {
  databaseUrl: string;
  /** The service's name. */
  name: string;
  /** With Redis replicas may stand beside each other; without it there is only one. */
  withRedis: boolean;
  logger: Logger;
  /** How long a replica that is just ending may still hold its place, ms; 5,000. */
  waitMs?: number;
}

export interface ReplicaGuard {
  /** Whether this replica has its place; false from losing its connection until it has the place again. */
  readonly held: boolean;
  close(): Promise<void>;
}

const POLL_MS = 100;

/**
 * Takes this replica's place in the service's database: a session lock, shared with Redis and exclusive without, so it
 * goes with the connection however the process ends. Lost with a restart of PostgreSQL, it is taken again.
 * @throws SECOND_REPLICA_NEEDS_REDIS when it is not free within `waitMs`
 */
export async function takePlace(options: ReplicaGuardOptions): Promise<ReplicaGuard> {
  const { name, logger, withRedis } = options;
  const pool = createPool({ url: options.databaseUrl, name, max: 1, logger: logger.module('database') });
  const end = new AbortController();
  let lost = Promise.withResolvers<void>();
  let client: PoolClient | undefined;

  async function tryOnce(): Promise<boolean> {
    const candidate = await pool.connect();
    const release = () => candidate.release(true);
    try {
      // A machine that vanished without a word is found out in about ten seconds, and its place is free then.
      await candidate.query(
        'SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3',
      );
      const lock = withRedis ? 'pg_try_advisory_lock_shared' : 'pg_try_advisory_lock';
      const { rows } = await candidate.query<{ taken: boolean }>(`SELECT ${lock}($1) AS taken`, [
        advisoryLocks.replicaPlace,
      ]);
      if (rows[0]?.taken !== true) {
        release();
        return false;
      }
    } catch (error) {
      release();
      throw error;
    }
    const attempt = Promise.withResolvers<void>();
    lost = attempt;
    client = candidate;
    for (const event of ['error', 'end'] as const) {
      candidate.once(event, () => {
        if (client !== candidate) return;
        client = undefined;
        release();
        attempt.resolve();
      });
    }
    return true;
  }
  /** Goes on until this process ends: PostgreSQL may be away for as long as it likes. */
  async function keep(): Promise<void> {
    while (!end.signal.aborted) {
      await Promise.race([lost.promise, aborted(end.signal)]);
      if (end.signal.aborted) return;
      logger.warn('the connection that holds this replica’s place was lost; taking it again');
      await takeAgain();
    }
  }
  async function takeAgain(): Promise<void> {
    let told = false;
    while (!end.signal.aborted) {
      const taken = await tryOnce().catch(() => undefined);
      if (taken === true) return;
      if (taken === false && !told) {
        told = true;
        logger.error('another replica took this one’s place; not ready until it ends. Set REDIS_URL to run several');
      }
      await sleep(POLL_MS, undefined, { signal: end.signal }).catch(() => undefined);
    }
  }

  const until = performance.now() + (options.waitMs ?? 5_000);
  try {
    while (!(await tryOnce())) {
      if (performance.now() >= until) throw refused(withRedis);
      await sleep(POLL_MS);
    }
  } catch (error) {
    await pool.end();
    throw error;
  }
  const keeping = keep();
  const close = async (): Promise<void> => {
    end.abort();
    await keeping;
    const last = client;
    client = undefined;
    last?.release(true);
    await pool.end();
  };
  let closing: Promise<void> | undefined;
  return {
    get held() {
      return client !== undefined;
    },
    close: () => (closing ??= close()),
  };
}

function refused(withRedis: boolean): Error {
  return serviceKitFaults.SECOND_REPLICA_NEEDS_REDIS(
    withRedis
      ? 'another replica of this service runs on this database without Redis: set REDIS_URL for that one too'
      : 'another replica of this service runs on this database: set REDIS_URL, the same for every replica, to run several',
  );
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
