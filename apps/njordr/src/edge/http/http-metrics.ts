import { type Metrics } from '@edda/telemetry';

/** Counts and times of served requests. */
export interface HttpMetrics {
  started(): void;
  /** @param ended.ms duration of the request */
  handled(ended: { method: string; route: string; status: number; ms: number }): void;
}

/** Registers http_server_requests_total, http_server_request_duration_seconds and http_server_active_requests. */
export function createHttpMetrics(metrics: Metrics): HttpMetrics {
  const total = metrics.counter<'method' | 'route' | 'status'>({
    name: 'http_server_requests_total',
    help: 'Requests answered, by route and status; 499 where the client went away first.',
    labelNames: ['method', 'route', 'status'],
  });
  const seconds = metrics.histogram<'route'>({
    name: 'http_server_request_duration_seconds',
    help: 'Time from a request’s headers to the end of its answer.',
    labelNames: ['route'],
  });
  const inFlight = metrics.gauge({ name: 'http_server_active_requests', help: 'Requests in progress.' });
  return {
    started: () => inFlight.inc(),
    handled({ method, route, status, ms }) {
      inFlight.dec();
      total.inc({ method, route, status: String(status) });
      seconds.observe({ route }, ms / 1_000);
    },
  };
}
