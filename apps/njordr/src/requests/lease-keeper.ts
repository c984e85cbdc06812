import { type Clock, type Logger } from '@edda/telemetry';
import { type CheckpointLeg } from '../transactions/transaction-row.ts';
import { type Held, type Renewal, type TransactionStore } from '../transactions/transaction-store.ts';

/** A running request as its lease is kept. */
export interface LeasedRun extends Held {
  /** What is delivered now; null before the first token. */
  checkpoint(): CheckpointLeg[] | null;
  /** The answer so far, where it is kept and has grown enough to be written again. */
  answer?(): Renewal['result'];
  /** Somebody asked for it to be cancelled, on whatever replica. */
  cancel(): void;
  /** It is another replica's by now, or has ended. */
  lost(): void;
}

export interface LeaseKeeper {
  add(run: LeasedRun): void;
  remove(transactionId: string): void;
  /** Something was delivered: to be checkpointed within the interval, or at once. */
  delivered(transactionId: string, atOnce: boolean): void;
  start(): void;
  stop(): Promise<void>;
}

interface Entry {
  run: LeasedRun;
  dirty: boolean;
  renewedAt: number;
}

export interface LeaseKeeperDeps {
  store: Pick<TransactionStore, 'renew'>;
  clock: Clock;
  logger: Logger;
  settings: () => { leaseSeconds: number; checkpointIntervalMs: number };
}

/**
 * Renews the leases of all running requests and writes their delivered counts, many rows per statement: at the first
 * token at once, then every interval; leases when a third of their time is over.
 */
export function createLeaseKeeper({ store, clock, logger, settings }: LeaseKeeperDeps): LeaseKeeper {
  const entries = new Map<string, Entry>();
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> | undefined;
  let again = false;

  const flush = async (): Promise<void> => {
    const now = clock.now().getTime();
    const leaseMs = settings().leaseSeconds * 1_000;
    const due = [...entries.values()].filter(({ dirty, renewedAt }) => dirty || now - renewedAt >= leaseMs / 3);
    if (due.length === 0) return;
    const updates = due.map((entry) => {
      const { transactionId, epoch } = entry.run;
      const { dirty } = entry;
      entry.dirty = false;
      if (!dirty) return { transactionId, epoch, checkpoint: null };
      return { transactionId, epoch, checkpoint: entry.run.checkpoint(), result: entry.run.answer?.() };
    });
    try {
      const { cancelled, lost } = await store.renew(updates, new Date(now + leaseMs));
      for (const entry of due) entry.renewedAt = now;
      for (const id of cancelled) entries.get(id)?.run.cancel();
      for (const id of lost) entries.get(id)?.run.lost();
    } catch (error) {
      for (const entry of due) entry.dirty = true;
      logger.warn({ err: error, requests: due.length }, 'leases and checkpoints could not be written');
    }
  };
  /** One statement at a time: what comes up meanwhile goes into the next one. */
  const kick = (): void => {
    if (flushing !== undefined) {
      again = true;
      return;
    }
    flushing = flush().finally(() => {
      flushing = undefined;
      if (!again) return;
      again = false;
      kick();
    });
  };
  const schedule = (): void => {
    timer = setTimeout(() => {
      kick();
      schedule();
    }, settings().checkpointIntervalMs);
    timer.unref();
  };
  return {
    add: (run) => void entries.set(run.transactionId, { run, dirty: false, renewedAt: clock.now().getTime() }),
    remove: (transactionId) => void entries.delete(transactionId),
    delivered(transactionId, atOnce) {
      const entry = entries.get(transactionId);
      if (entry === undefined) return;
      entry.dirty = true;
      if (atOnce) kick();
    },
    start: schedule,
    async stop() {
      clearTimeout(timer);
      again = false;
      await flushing;
    },
  };
}
