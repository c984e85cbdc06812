import { Fault } from '@edda/faults';
import { type Batcher, createBatcher, sqlStateOf } from '@edda/pg-kit';
import { type BatchMetrics } from './batch-metrics.ts';
import { type CommitHoldsDeps, createCommitHolds } from './commit-holds.ts';
import { createCommitResolutions, type ResolutionOutcome } from './commit-resolutions.ts';
import { type HeldOutcome, type HoldItem } from './hold-item.ts';
import {
  type CancelItem,
  type Cancelled,
  type Captured,
  type CaptureItem,
  type ResolutionItem,
} from './resolution-item.ts';

/** Where concurrent calls become one transaction. Every method throws RATE_LIMITED, DRAINING and what its item is refused for. */
export interface PreAuthBatches {
  hold(item: HoldItem): Promise<HeldOutcome>;
  /** @returns undefined when the hold was resolved before */
  capture(item: CaptureItem): Promise<Captured | undefined>;
  /** @returns undefined when the hold was resolved before */
  cancel(item: CancelItem): Promise<Cancelled | undefined>;
  /** Takes no more calls and resolves once all accepted ones are answered. */
  close(): Promise<void>;
}

export type PreAuthBatchesDeps = CommitHoldsDeps & { batchMetrics: BatchMetrics };

/**
 * Rows of one statement: beyond a few hundred calls a larger batch saves next to nothing per call and only makes the
 * first of them wait.
 */
const MAX_BATCH = 256;
/** Longest a call waits behind running batches while another could start beside them, ms. */
const MAX_WAIT_MS = 2;
/** A second's work: what waits longer would run into its caller's deadline. */
const MAX_QUEUED = 5_000;

export function createPreAuthBatches(deps: PreAuthBatchesDeps): PreAuthBatches {
  const holds = start('hold', deps.batchMetrics, createCommitHolds(deps));
  // Captures and cancellations share batches: of two that race for a hold, the one that came first wins.
  const resolutions = start('resolution', deps.batchMetrics, createCommitResolutions(deps));
  return {
    hold: (item) => holds.submit(item),
    capture: async (item) => (await resolutions.submit(item)) as Captured | undefined,
    cancel: (item) => resolutions.submit(item),
    close: async () => {
      await Promise.all([holds.close(), resolutions.close()]);
    },
  };
}

function start<Item extends HoldItem | ResolutionItem, Outcome extends HeldOutcome | ResolutionOutcome>(
  kind: 'hold' | 'resolution',
  metrics: BatchMetrics,
  commit: (items: readonly Item[]) => Promise<readonly (Outcome | Error)[]>,
): Batcher<Item, Outcome> {
  const batcher = createBatcher<Item, Outcome>({
    maxSize: MAX_BATCH,
    maxWaitMs: MAX_WAIT_MS,
    maxQueued: MAX_QUEUED,
    isolates: isBadItem,
    flush: (items) => metrics.timed(kind, items.length, () => commitWaiting(items, commit)),
  });
  metrics.queue(kind, () => batcher.queued);
  return batcher;
}

/** Calls whose callers have gone are left out: nothing is written for an answer that nobody waits for. */
async function commitWaiting<Item extends { signal: AbortSignal }, Outcome>(
  items: readonly Item[],
  commit: (items: readonly Item[]) => Promise<readonly (Outcome | Error)[]>,
): Promise<(Outcome | Error)[]> {
  // Looked at once: a signal may abort while the batch commits, too late to leave its call out.
  const isGone = items.map(({ signal }) => signal.aborted);
  const waiting = items.filter((_, index) => isGone[index] !== true);
  const outcomes = waiting.length === 0 ? [] : await commit(waiting);
  const next = outcomes.values();
  return items.map((item, index) =>
    isGone[index] === true ? (item.signal.reason as Error) : (next.next().value as Outcome | Error),
  );
}

/** Some item's data was refused by the database: the batch is tried one by one, and only that item fails. */
function isBadItem(error: unknown): boolean {
  const cause = error instanceof Fault ? error.cause : error;
  return /^2[23]/.test(sqlStateOf(cause) ?? '');
}
