import { type Metrics } from '@edda/telemetry';

type BatchKind = 'hold' | 'resolution';

/** What batches of calls report. */
export interface BatchMetrics {
  /** Runs a batch, counting its items and taking its time. */
  timed<T>(kind: BatchKind, items: number, run: () => Promise<T>): Promise<T>;
  /** Registers where the length of a queue can be read. */
  queue(kind: BatchKind, queued: () => number): void;
}

export function createBatchMetrics(metrics: Metrics): BatchMetrics {
  const sizes = metrics.histogram({
    name: 'edda_heidrun_batch_items',
    help: 'Calls committed together, by kind of batch.',
    labelNames: ['kind'],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  });
  const durations = metrics.histogram({
    name: 'edda_heidrun_batch_seconds',
    help: 'How long a batch took to commit, by kind of batch and outcome.',
    labelNames: ['kind', 'outcome'],
  });
  const queues = new Map<BatchKind, () => number>();
  metrics.gauge({
    name: 'edda_heidrun_batch_queued',
    help: 'Calls waiting for a batch, by kind of batch.',
    labelNames: ['kind'],
    collect(gauge) {
      for (const [kind, queued] of queues) gauge.set({ kind }, queued());
    },
  });
  return {
    async timed(kind, items, run) {
      sizes.observe({ kind }, items);
      const startedAt = performance.now();
      const ended = (outcome: string) => durations.observe({ kind, outcome }, (performance.now() - startedAt) / 1_000);
      try {
        const result = await run();
        ended('done');
        return result;
      } catch (error) {
        ended('failed');
        throw error;
      }
    },
    queue: (kind, queued) => void queues.set(kind, queued),
  };
}
