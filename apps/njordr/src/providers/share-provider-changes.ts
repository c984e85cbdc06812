import { type RedisKit } from '@edda/redis-kit';
import { type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { startPeriodic } from '../periodic.ts';
import { type ProviderBoard, type ProviderBoardControl } from './provider-board.ts';
import { type ProviderRow } from './provider-row.ts';
import { findMany, listVersions } from './provider-store.ts';

export interface ProviderChangesDeps {
  pool: Pool;
  board: ProviderBoardControl;
  redis: Pick<RedisKit, 'bus' | 'shared' | 'up'>;
  /** Ends a device's line where it is connected here. */
  disconnect: (providerId: string, reason: string, message: string) => void;
  logger: Logger;
}

/** The board, told by other replicas which providers changed, and telling them. */
export interface SharedBoard extends ProviderBoard {
  /** Reads what changed elsewhere; by itself at every return of Redis and every second while it is away. */
  resync(): Promise<void>;
  close(): Promise<void>;
}

const TOPIC = 'providers';
/** domain.md: routing resynchronises within 1 s after the loss of Redis. */
const LOOK_MS = 500;
/** How often all versions are compared although no message was missed, ms. */
const COMPARE_MS = 5_000;
const ROWS_AT_ONCE = 500;

export function shareProviderChanges({ pool, board, redis, disconnect, logger }: ProviderChangesDeps): SharedBoard {
  const due = new Set<string>();
  /** Changes the others were not told of; they may reach Redis while this replica does not. */
  const untold = new Set<string>();
  let everything = false;
  let reading: Promise<void> | undefined;
  let busy = false;
  let comparedAt = performance.now();

  /** One reader at a time: what is asked for meanwhile is read after it, however much it is. */
  function read(): Promise<void> {
    if (reading === undefined || !busy) reading = readDue();
    return reading;
  }
  async function readDue(): Promise<void> {
    busy = true;
    try {
      while (everything || due.size > 0) await readSome();
    } finally {
      // In the same turn as the last look, so that nothing can be asked for in between and be forgotten.
      busy = false;
    }
  }
  async function readSome(): Promise<void> {
    if (everything) {
      everything = false;
      comparedAt = performance.now();
      for (const providerId of board.outdated(await listVersions(pool))) due.add(providerId);
    }
    const ids = [...due].slice(0, ROWS_AT_ONCE);
    for (const id of ids) due.delete(id);
    for (const row of await findMany(pool, ids)) {
      if (board.publish(row)) dropLine(row, disconnect);
    }
  }
  function readSoon(): void {
    read().catch((error: unknown) => {
      everything = true;
      logger.warn({ err: error }, 'changes of providers could not be read; trying again');
    });
  }
  function resync(): Promise<void> {
    everything = true;
    return read();
  }

  async function tell(providerId: string): Promise<void> {
    untold.add(providerId);
    if (await redis.bus.publish(TOPIC, providerId)) untold.delete(providerId);
  }
  const stop = redis.bus.subscribe(TOPIC, {
    onMessage(providerId) {
      due.add(providerId);
      readSoon();
    },
    onSync() {
      everything = true;
      readSoon();
    },
  });
  const looking = startPeriodic({
    name: 'providers changed elsewhere',
    intervalMs: () => LOOK_MS,
    async run() {
      if (!redis.shared) return;
      if (redis.up) for (const providerId of [...untold]) await tell(providerId);
      if (everything || !redis.up || performance.now() - comparedAt >= COMPARE_MS) await resync();
    },
    logger,
  });
  return {
    publish(row) {
      if (board.publish(row)) void tell(row.providerId);
    },
    statusOf: (providerId) => board.statusOf(providerId),
    resync,
    async close() {
      stop();
      await looking.stop();
      await reading?.catch(() => undefined);
    },
  };
}

/** Its device may be connected to this replica although it was taken off at another one. */
function dropLine({ providerId, status, statusReason }: ProviderRow, disconnect: ProviderChangesDeps['disconnect']) {
  if (status === 'UNREGISTERED') disconnect(providerId, 'PROVIDER_UNREGISTERED', 'The provider was unregistered.');
  if (status === 'SUSPENDED') disconnect(providerId, 'PROVIDER_SUSPENDED', statusReason);
}
