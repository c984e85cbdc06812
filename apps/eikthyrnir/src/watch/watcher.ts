import { eikthyrnir } from '@edda/contracts';
import { type Fault } from '@edda/faults';
import { eikthyrnirFaults } from '../faults.ts';
import { type QualityRow } from '../quality/quality-row.ts';

/** A changed row and why it must be sent at once (UNSPECIFIED: it need not). */
export interface PendingChange {
  row: QualityRow;
  change: eikthyrnir.QualityChange;
}

export interface WatcherWaits {
  batchMs: number;
  signOfLifeMs: number;
}

/**
 * One watcher's queue. Changes of one provider and model coalesce into the latest, so what waits is bounded by how
 * many there are, however slowly the watcher reads, and by `maxPending` at last.
 */
export interface Watcher {
  /** Takes in what was found up to `position`. */
  offer(changes: readonly PendingChange[], position: bigint): void;
  /**
   * Waits until something important is there, or others for `batchMs`, or nothing for `signOfLifeMs`.
   * @returns what to send (perhaps nothing) and the position it brings the watcher to; early and empty when aborted
   * @throws WATCHER_TOO_SLOW
   */
  take(waits: WatcherWaits, signal: AbortSignal): Promise<{ changes: PendingChange[]; position: bigint }>;
}

const { UNSPECIFIED } = eikthyrnir.QualityChange;

/** @param wanted providers; empty for all */
export function createWatcher(start: bigint, wanted: ReadonlySet<string>, maxPending: number): Watcher {
  let position = start;
  let pending = new Map<string, PendingChange>();
  let urgent = false;
  let failure: Fault | undefined;
  let wake: (() => void) | undefined;

  const add = ({ row, change }: PendingChange) => {
    if (wanted.size > 0 && !wanted.has(row.provider_id)) return;
    const key = `${row.provider_id}\0${row.model}`;
    const earlier = pending.get(key)?.change ?? UNSPECIFIED;
    pending.set(key, { row, change: change === UNSPECIFIED ? earlier : change });
    if (change !== UNSPECIFIED) urgent = true;
  };
  const wait = (ms: number, signal: AbortSignal, over: () => boolean) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        wake = undefined;
        resolve();
      }
      signal.addEventListener('abort', done, { once: true });
      wake = () => {
        if (over()) done();
      };
      if (signal.aborted || over()) done();
    });

  return {
    offer(changes, found) {
      if (failure !== undefined) return;
      for (const change of changes) add(change);
      position = found;
      if (pending.size > maxPending) {
        failure = eikthyrnirFaults.WATCHER_TOO_SLOW(`More than ${maxPending} changes were waiting.`, {
          retryAfterMs: 1_000,
        });
        pending = new Map();
      }
      wake?.();
    },
    async take({ batchMs, signOfLifeMs }, signal) {
      const atOnce = () => urgent || failure !== undefined;
      await wait(signOfLifeMs, signal, () => pending.size > 0 || atOnce());
      if (pending.size > 0) await wait(batchMs, signal, atOnce);
      if (failure !== undefined) throw failure;
      const changes = [...pending.values()];
      pending = new Map();
      urgent = false;
      return { changes, position };
    },
  };
}
