import { eikthyrnir } from '@edda/contracts';
import { type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type QualityRow } from '../quality/quality-row.ts';
import { changesSince, currentPosition } from './change-store.ts';
import { type PendingChange, type Watcher } from './watcher.ts';

export interface FeedOptions {
  pool: Pool;
  logger: Logger;
  pollMs: () => number;
  onWatchers: (open: number) => void;
}

/**
 * Finds changes of quality, whichever replica made them, by polling; only while somebody watches. All watchers of a
 * process share one poll.
 */
export interface QualityFeed {
  /** The watcher gets every change from the position on that `make` was given. @returns what ends it */
  watch(make: (position: bigint) => Watcher): Promise<{ watcher: Watcher; position: bigint; close: () => void }>;
  /** Looks now: this process has just committed something important. */
  ring(): void;
  close(): Promise<void>;
}

const PAGE = 5_000;
const { UNSPECIFIED } = eikthyrnir.QualityChange;

export function createQualityFeed({ pool, logger, pollMs, onWatchers }: FeedOptions): QualityFeed {
  const watchers = new Set<Watcher>();
  const closing = new AbortController();
  let position = 0n;
  /** Versions handed out that the next poll may read again. */
  let known = new Map<string, bigint>();
  let inTurn: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let rung = false;

  const poll = async () => {
    rung = false;
    const next = await currentPosition(pool);
    const seen = new Map<string, bigint>();
    let after = { providerId: '', model: '' };
    for (;;) {
      const rows = await changesSince(pool, position, after, PAGE);
      const changes = rows.flatMap((row) => freshChange(row, position, known));
      for (const row of rows) if (row.changed_xid >= next) seen.set(keyOf(row), row.version);
      const last = rows.at(-1);
      const complete = last === undefined || rows.length < PAGE;
      for (const watcher of watchers) watcher.offer(changes, complete ? next : position);
      if (complete) break;
      after = { providerId: last.provider_id, model: last.model };
    }
    position = next;
    known = seen;
  };
  const enqueue = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = inTurn.then(work);
    inTurn = turn.catch(() => undefined);
    return turn;
  };
  const schedule = (waitMs: number) => {
    clearTimeout(timer);
    if (watchers.size === 0 || closing.signal.aborted) return;
    timer = setTimeout(() => {
      enqueue(async () => (watchers.size === 0 ? undefined : poll()))
        .catch((error: unknown) => logger.warn({ err: error }, 'looking for changes of quality failed'))
        .finally(() => schedule(rung ? 0 : pollMs()));
    }, waitMs);
  };

  return {
    watch: (make) =>
      enqueue(async () => {
        // Nobody was watching: what changed meanwhile is nobody's news.
        if (watchers.size === 0) {
          position = await currentPosition(pool);
          known = new Map();
        }
        const start = position;
        const watcher = make(start);
        watchers.add(watcher);
        onWatchers(watchers.size);
        if (watchers.size === 1) schedule(pollMs());
        const close = () => {
          watchers.delete(watcher);
          onWatchers(watchers.size);
        };
        return { watcher, position: start, close };
      }),
    ring() {
      rung = true;
      schedule(0);
    },
    async close() {
      closing.abort();
      clearTimeout(timer);
      await inTurn;
    },
  };
}

function freshChange(row: QualityRow, since: bigint, known: ReadonlyMap<string, bigint>): PendingChange[] {
  const version = known.get(keyOf(row));
  if (version !== undefined && version >= row.version) return [];
  const change = row.important_xid >= since ? (row.important_change as eikthyrnir.QualityChange) : UNSPECIFIED;
  return [{ row, change }];
}

const keyOf = (row: QualityRow) => `${row.provider_id}\0${row.model}`;
