import { type Metrics } from '@edda/telemetry';

/** What Eikthyrnir counts, beside what every service does. */
export interface EikthyrnirMetrics {
  /** A batch of `size` observations was answered. */
  recorded(accepted: number, duplicates: number, size: number): void;
  /** Watchers now open. */
  watchers(open: number): void;
  /** Changes were sent to a watcher. */
  published(updates: number): void;
}

const batchSizes = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000];

export function createEikthyrnirMetrics(metrics: Metrics): EikthyrnirMetrics {
  const observations = metrics.counter<'result'>({
    name: 'edda_eikthyrnir_observations_total',
    help: 'Observations received, by result: accepted or duplicate.',
    labelNames: ['result'],
  });
  const sizes = metrics.histogram({
    name: 'edda_eikthyrnir_batch_items',
    help: 'Observations per batch received.',
    buckets: batchSizes,
  });
  const watchers = metrics.gauge({ name: 'edda_eikthyrnir_watchers', help: 'Open WatchQuality streams.' });
  const updates = metrics.counter({
    name: 'edda_eikthyrnir_updates_sent_total',
    help: 'Changes of quality sent to watchers, snapshots included.',
  });
  return {
    recorded(accepted, duplicates, size) {
      observations.inc({ result: 'accepted' }, accepted);
      observations.inc({ result: 'duplicate' }, duplicates);
      sizes.observe(size);
    },
    watchers: (open) => watchers.set(open),
    published: (count) => updates.inc(count),
  };
}
