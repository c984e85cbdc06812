import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger } from '@edda/telemetry';

export interface PeriodicTask {
  name: string;
  intervalMs: () => number;
  run: () => Promise<unknown>;
  logger: Pick<Logger, 'warn'>;
  /** Told how each run ended. */
  onRun?: (outcome: 'done' | 'failed') => void;
}

/** Runs a task at intervals, one run at a time, the first at once; a failure is logged and the next run tries again. */
export function startPeriodic(task: PeriodicTask): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = repeat(task, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function repeat({ name, intervalMs, run, logger, onRun }: PeriodicTask, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await run();
      onRun?.('done');
    } catch (error) {
      onRun?.('failed');
      logger.warn({ err: error, task: name }, 'a periodic task failed; it will run again');
    }
    await sleep(intervalMs(), undefined, { signal }).catch(() => undefined);
  }
}
