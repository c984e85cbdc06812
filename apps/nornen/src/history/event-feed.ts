import { type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type HistoryHead } from './event-cursor.ts';

/** Tells watchers that the history has grown, whichever replica took the events in. Polls only while somebody waits. */
export interface EventFeed {
  /** How far the history reaches now. */
  head(): Promise<HistoryHead>;
  /** Waits until the history reaches beyond the position. @returns false when the time was over or the signal aborted */
  beyond(position: bigint, waitMs: number, signal: AbortSignal): Promise<boolean>;
  /** Looks at once: this process has just stored something. */
  ring(): void;
  close(): Promise<void>;
}

export interface EventFeedOptions {
  pool: Pool;
  logger: Logger;
  pollMs: () => number;
}

export function createEventFeed({ pool, logger, pollMs }: EventFeedOptions): EventFeed {
  const waiting = new Map<() => void, bigint>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let looking: Promise<void> | undefined;
  let rung = false;

  const head = async (): Promise<HistoryHead> => {
    const { rows } = await pool.query<HistoryHead>({
      name: 'history-head',
      text: 'SELECT history_id AS "historyId", position FROM history_head',
    });
    return rows[0]!;
  };
  const look = async () => {
    try {
      do {
        rung = false;
        const { position } = await head();
        for (const [wake, seen] of waiting) if (position > seen) wake();
      } while (rung);
    } catch (error) {
      logger.warn({ err: error }, 'looking for new events failed');
    }
    looking = undefined;
    schedule(pollMs());
  };
  const schedule = (ms: number) => {
    clearTimeout(timer);
    if (closed || waiting.size === 0 || looking !== undefined) return;
    timer = setTimeout(() => {
      looking = look();
    }, ms);
  };
  return {
    head,
    beyond: (position, waitMs, signal) =>
      new Promise((resolve) => {
        const end = (grown: boolean) => {
          clearTimeout(over);
          signal.removeEventListener('abort', aborted);
          waiting.delete(wake);
          resolve(grown);
        };
        const wake = () => end(true);
        const aborted = () => end(false);
        const over = setTimeout(() => end(false), waitMs);
        signal.addEventListener('abort', aborted, { once: true });
        if (signal.aborted || closed) return end(false);
        waiting.set(wake, position);
        if (waiting.size === 1) schedule(0);
      }),
    ring() {
      rung = true;
      schedule(0);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await looking;
    },
  };
}
