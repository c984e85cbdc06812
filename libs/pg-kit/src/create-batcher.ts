import { AsyncLocalStorage } from 'node:async_hooks';
import { commonFaults } from '@edda/faults';
import { sqlStateOf } from './connection-errors.ts';

export interface BatcherOptions<Item, Result> {
  /** Most items in one flush; at least 1. */
  maxSize: number;
  /** Longest an item waits behind running flushes before another may start beside them, in ms. */
  maxWaitMs: number;
  /**
   * Commits the items together. Answers one entry per item, in order; an Error fails that item alone.
   * A rejection fails the batch, unless `isolates` says that the items may be tried one by one.
   */
  flush: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>;
  /** Most items waiting; beyond that `submit` is refused. 10,000 by default. */
  maxQueued?: number;
  /** Most flushes at the same time; 2 by default. */
  maxConcurrent?: number;
  /** Whether a rejected flush certainly changed nothing, and one item may be to blame. */
  isolates?: (error: unknown) => boolean;
}

export interface Batcher<Item, Result> {
  /** @throws what the flush reports for this item; RATE_LIMITED when the queue is full; DRAINING after `close` */
  submit(item: Item): Promise<Result>;
  /** Items waiting for a flush. */
  readonly queued: number;
  /** Takes no more items and resolves once all accepted ones are answered. */
  close(): Promise<void>;
}

interface Waiting<Item, Result> {
  item: Item;
  since: number;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Micro-batching: while nothing is in flight, an item is flushed at once (together with what arrived in the same turn
 * of the event loop); while a flush runs, items gather, up to `maxSize`. So an idle system pays no waiting time.
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { maxSize, maxWaitMs, maxQueued = 10_000, maxConcurrent = 2 } = options;
  // A batch belongs to nobody: it must not run in the request context or open transaction of whoever came first.
  const neutral = AsyncLocalStorage.snapshot();
  let queue: Waiting<Item, Result>[] = [];
  let inFlight = 0;
  let turnPlanned = false;
  let timer: NodeJS.Timeout | undefined;
  let closing: PromiseWithResolvers<void> | undefined;

  const mayStart = (): boolean => {
    const first = queue[0];
    if (!first || inFlight >= maxConcurrent) return false;
    return inFlight === 0 || queue.length >= maxSize || performance.now() - first.since >= maxWaitMs;
  };
  const pump = (): void => {
    while (mayStart()) {
      const batch = queue.slice(0, maxSize);
      queue = queue.slice(maxSize);
      inFlight += 1;
      void runBatch(options, batch).finally(() => {
        inFlight -= 1;
        pump();
      });
    }
    const first = queue[0];
    if (first && inFlight < maxConcurrent && !timer) {
      timer = setTimeout(wake, Math.max(0, first.since + maxWaitMs - performance.now()));
    }
    if (closing && inFlight === 0 && queue.length === 0) closing.resolve();
  };
  const wake = (): void => {
    timer = undefined;
    pump();
  };
  const plan = (): void => {
    if (turnPlanned) return;
    turnPlanned = true;
    neutral(setImmediate, () => {
      turnPlanned = false;
      pump();
    });
  };

  return {
    submit(item) {
      if (closing) return Promise.reject(commonFaults.DRAINING('This instance is shutting down.'));
      if (queue.length >= maxQueued) {
        return Promise.reject(
          commonFaults.RATE_LIMITED('Too many writes are waiting.', { retryAfterMs: Math.max(100, maxWaitMs) }),
        );
      }
      return new Promise<Result>((resolve, reject) => {
        queue.push({ item, since: performance.now(), resolve, reject });
        plan();
      });
    },
    get queued() {
      return queue.length;
    },
    close() {
      closing ??= Promise.withResolvers<void>();
      plan();
      return closing.promise;
    },
  };
}

async function runBatch<Item, Result>(
  options: BatcherOptions<Item, Result>,
  batch: readonly Waiting<Item, Result>[],
): Promise<void> {
  const { flush, isolates = isBadData } = options;
  try {
    const results = await flush(batch.map(({ item }) => item));
    if (results.length !== batch.length) {
      throw commonFaults.INTERNAL(`A flush of ${batch.length} items answered ${results.length} results.`);
    }
    batch.forEach((waiting, index) => {
      const result = results[index];
      if (result instanceof Error) waiting.reject(result);
      else waiting.resolve(result as Result);
    });
  } catch (error) {
    if (batch.length === 1 || !isolates(error)) {
      for (const waiting of batch) waiting.reject(error);
      return;
    }
    for (const waiting of batch) await runBatch(options, [waiting]);
  }
}

/** SQLSTATE classes 22 (data) and 23 (constraint): the statement was refused as a whole because of some row. */
function isBadData(error: unknown): boolean {
  return /^2[23]/.test(sqlStateOf(error) ?? '');
}
