import { type Metrics } from '@edda/telemetry';
import { status } from '@grpc/grpc-js';

/** Counts and times of served calls. */
export interface CallMetrics {
  started(): void;
  /** @param seconds duration of the call */
  handled(method: string, code: number, seconds: number): void;
}

/** The name of a status code, as logs and metrics show it. */
export function codeName(code: number): string {
  return status[code] ?? String(code);
}

/** Registers grpc_server_handled_total, grpc_server_handling_seconds and grpc_server_in_flight. */
export function createCallMetrics(metrics: Metrics): CallMetrics {
  const handled = metrics.counter<'method' | 'code'>({
    name: 'grpc_server_handled_total',
    help: 'Calls answered, by method and status code.',
    labelNames: ['method', 'code'],
  });
  const seconds = metrics.histogram<'method'>({
    name: 'grpc_server_handling_seconds',
    help: 'Time from the first byte of a call to its status.',
    labelNames: ['method'],
  });
  const inFlight = metrics.gauge({ name: 'grpc_server_in_flight', help: 'Calls in progress.' });
  return {
    started: () => inFlight.inc(),
    handled(method, code, duration) {
      inFlight.dec();
      handled.inc({ method, code: codeName(code) });
      seconds.observe({ method }, duration);
    },
  };
}
