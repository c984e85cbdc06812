import { type Metrics } from '@edda/telemetry';

export type NornenMetrics = ReturnType<typeof createNornenMetrics>;

/** What Nornen counts beside what the kits count. */
export function createNornenMetrics(metrics: Metrics) {
  const decisions = metrics.counter({
    name: 'edda_nornen_decisions_total',
    help: 'Decisions made and stored; repetitions of a call are not counted.',
    labelNames: ['kind', 'outcome'],
  });
  const events = metrics.counter({
    name: 'edda_nornen_events_ingested_total',
    help: 'Events stored in the history.',
    labelNames: ['source'],
  });
  const duplicates = metrics.counter({
    name: 'edda_nornen_events_duplicate_total',
    help: 'Events that were known already.',
  });
  const conflicts = metrics.counter({
    name: 'edda_nornen_events_conflict_total',
    help: 'Events refused because they contradict a stored one.',
  });
  const gaps = metrics.counter({
    name: 'edda_nornen_event_gaps_total',
    help: 'Times a batch left a subject with a missing event in between.',
  });
  const policyVersion = metrics.gauge({
    name: 'edda_nornen_policy_version',
    help: 'Version of the policies in force on this replica; 0 without any.',
  });
  const watchers = metrics.gauge({ name: 'edda_nornen_event_watchers', help: 'Open streams of WatchEvents.' });
  return { watchers, decisions, events, duplicates, conflicts, gaps, policyVersion };
}
