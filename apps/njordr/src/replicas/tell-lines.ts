import { setTimeout as sleep } from 'node:timers/promises';
import { njordr } from '@edda/contracts';
import { type ProviderDirectoryControl } from '../providers/create-provider-directory.ts';
import { type LineBoard } from './line-board.ts';
import { type RemoteJobs } from './remote-jobs.ts';

export interface TellLinesDeps {
  board: LineBoard;
  directory: Pick<ProviderDirectoryControl, 'inFlight' | 'limitedUntil' | 'onLoad'>;
  /** Epoch ms. */
  now: () => number;
  /** Jobs that run here for other replicas. */
  jobs: Pick<RemoteJobs, 'countFor'>;
  heartbeatIntervalMs: () => number;
}

/** Even with names of the greatest length this stays below the largest message. */
const LINES_AT_ONCE = 50;
/** Changes are collected this long, so that a busy provider is told of fifty times a second at most, ms. */
const COLLECT_MS = 20;

/** What one watching replica is told: all lines, then what changes; waits while the watcher does not read. */
export async function* tellLines(
  { board, directory, jobs, now, heartbeatIntervalMs }: TellLinesDeps,
  watcher: string,
  signal: AbortSignal,
): AsyncGenerator<njordr.WatchLinesResponse, void, undefined> {
  const due = new Set(board.ownProviders());
  let wake: () => void = () => undefined;
  const note = (providerId: string): void => {
    due.add(providerId);
    wake();
  };
  const stops = [
    board.onOwnChange(note),
    directory.onLoad((providerId) => board.own(providerId)?.connected === true && note(providerId)),
  ];
  const lineOf = (providerId: string): njordr.ReplicaLine => {
    const { connected = false, epoch = 0n, draining, served, capacity } = board.own(providerId) ?? {};
    return njordr.ReplicaLine.fromPartial({
      ...{ providerId, connected, connectionEpoch: epoch, draining: draining ?? false },
      ...{ servedModels: [...(served ?? [])], capacity: capacity ?? 1 },
      limitedForMs: BigInt(Math.max(0, directory.limitedUntil(providerId) - now())),
      jobsElsewhere: Math.max(0, directory.inFlight(providerId) - jobs.countFor(watcher, providerId)),
    });
  };
  try {
    // Also without lines: the watcher learns that it is connected.
    yield { lines: [] };
    while (!signal.aborted) {
      if (due.size === 0) {
        await quiet(heartbeatIntervalMs(), signal, (rouse) => (wake = rouse));
        // Not a word is sent for each of the changes that come together.
        if (due.size > 0) await sleep(COLLECT_MS, undefined, { signal }).catch(() => undefined);
      }
      const ids = [...due].slice(0, LINES_AT_ONCE);
      for (const id of ids) due.delete(id);
      if (!signal.aborted) yield { lines: ids.map(lineOf) };
    }
  } finally {
    for (const stop of stops) stop();
  }
}

/** Resolves when roused, when the time is over, or when aborted. */
async function quiet(ms: number, signal: AbortSignal, onRouse: (rouse: () => void) => void): Promise<void> {
  const over = new AbortController();
  onRouse(() => over.abort());
  await sleep(ms, undefined, { signal: AbortSignal.any([signal, over.signal]) }).catch(() => undefined);
  onRouse(() => undefined);
}
