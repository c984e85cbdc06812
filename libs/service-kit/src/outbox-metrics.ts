import { type OutboxMetrics } from '@edda/pg-kit';
import { type Metrics } from '@edda/telemetry';

/** What a service's outbox relay counts, under the same names in every service. */
export function outboxMetrics(metrics: Metrics): OutboxMetrics {
  const pending = metrics.gauge({ name: 'edda_outbox_pending', help: 'Events that wait for delivery.' });
  const delivered = metrics.counter({ name: 'edda_outbox_delivered_total', help: 'Events delivered.' });
  const failed = metrics.counter({
    name: 'edda_outbox_failures_total',
    help: 'Deliveries that failed and are repeated.',
  });
  return {
    delivered: (events) => delivered.inc(events),
    failed: () => failed.inc(),
    pending: (events) => pending.set(events),
  };
}
