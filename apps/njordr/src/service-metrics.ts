import { type OutboxMetrics } from '@edda/pg-kit';
import { type Metrics } from '@edda/telemetry';

/** Njörðr's own metrics, beside those of its server, edge, clients and link. */
export function createServiceMetrics(metrics: Metrics, rejectedReloads: () => number) {
  metrics.gauge({
    name: 'edda_njordr_settings_rejected',
    help: 'Settings files refused since the start; the values before stayed in force.',
    collect: (gauge) => gauge.set(rejectedReloads()),
  });
  const delivered = metrics.counter({ name: 'edda_njordr_events_delivered_total', help: 'Events delivered.' });
  const failed = metrics.counter({ name: 'edda_njordr_event_deliveries_failed_total', help: 'Deliveries to repeat.' });
  const pending = metrics.gauge({ name: 'edda_njordr_events_pending', help: 'Events that wait for delivery.' });
  const outbox: OutboxMetrics = {
    delivered: (events) => delivered.inc(events),
    failed: () => failed.inc(),
    pending: (events) => pending.set(events),
  };
  return {
    outbox,
    /** @param active how many run here now */
    watchRequests(active: () => number): void {
      metrics.gauge({
        name: 'edda_njordr_requests_active',
        help: 'Compute requests this replica runs now.',
        collect: (gauge) => gauge.set(active()),
      });
    },
  };
}
