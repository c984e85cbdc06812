import { type Metrics } from '@edda/telemetry';

type Kind = 'tokens' | 'pricing' | 'settlement';

/** Counts calculations by kind. */
export function createCalculationCounter(metrics: Metrics): (kind: Kind, count?: number) => void {
  const calculations = metrics.counter({
    name: 'edda_heidrun_calculations_total',
    help: 'Token counts, prices and settlements calculated for callers.',
    labelNames: ['kind'],
  });
  // The label objects are made once: pricing runs tens of thousands of times a second.
  const labels = { tokens: { kind: 'tokens' }, pricing: { kind: 'pricing' }, settlement: { kind: 'settlement' } };
  return (kind, count = 1) => calculations.inc(labels[kind], count);
}
