import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger } from '@edda/telemetry';

/** Repeats a task, one run at a time, with a pause in between; a failure is logged and the next run tries again. */
export function startPeriodic(task: {
  name: string;
  intervalMs: () => number;
  run: () => Promise<unknown>;
  logger: Pick<Logger, 'warn'>;
}): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      await task
        .run()
        .catch((error: unknown) => task.logger.warn({ err: error, task: task.name }, 'will be tried again'));
      await sleep(task.intervalMs(), undefined, { signal }).catch(() => undefined);
    }
  };
  const running = loop();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
