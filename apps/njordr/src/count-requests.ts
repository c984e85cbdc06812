import { type Metrics } from '@edda/telemetry';

/** Njörðr's own metrics, beside those of its server, edge, clients and link. @param active requests that run here now */
export function countRequests(metrics: Metrics, active: () => number): void {
  metrics.gauge({
    name: 'edda_njordr_requests_active',
    help: 'Compute requests this replica runs now.',
    collect: (gauge) => gauge.set(active()),
  });
}
