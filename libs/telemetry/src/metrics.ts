import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';

export interface MetricOptions<Label extends string> {
  /** snake_case with its unit last, counters ending in `_total`: `edda_rpc_duration_seconds`. */
  name: string;
  help: string;
  /** Names of labels; their values must come from a small, fixed set. */
  labelNames?: readonly Label[];
}

export interface HistogramOptions<Label extends string> extends MetricOptions<Label> {
  /** Upper bounds, ascending. By default durations in seconds from 0.5 ms to 30 s. */
  buckets?: readonly number[];
}

export interface GaugeOptions<Label extends string> extends MetricOptions<Label> {
  /** Sets the gauge when it is scraped. */
  collect?: (gauge: Gauge<Label>) => void | Promise<void>;
}

/** A service’s metrics. Asking again for a name gives the same metric, so that libraries may share one. */
export interface Metrics {
  readonly registry: Registry;
  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label>;
  gauge<Label extends string = never>(options: GaugeOptions<Label>): Gauge<Label>;
  histogram<Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label>;
  /** The Prometheus text format, to be served as `contentType`. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** From 0.5 ms, an idle in-memory call, to 30 s, past every default deadline. */
export const durationBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;

/**
 * @param options.service becomes the label `service` of every metric
 * @param options.processMetrics adds memory, CPU, event loop and garbage collection of this process; on by default.
 *   Its samplers last as long as the process, so switch it off where many registries come and go.
 */
export function createMetrics(options: { service: string; processMetrics?: boolean }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service: options.service });
  if (options.processMetrics ?? true) {
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20, eventLoopUtilizationTimeout: 1_000 });
  }
  const reuse = <T>(name: string, kind: abstract new (...args: never[]) => T, create: () => T): T => {
    const known: unknown = registry.getSingleMetric(name);
    if (known === undefined) return create();
    if (known instanceof kind) return known;
    throw new TypeError(`metric ${name} exists already as another kind`);
  };
  return {
    registry,
    counter: <Label extends string = never>(given: MetricOptions<Label>) =>
      reuse<Counter<Label>>(given.name, Counter<Label>, () => new Counter<Label>(base(registry, given))),
    gauge: <Label extends string = never>(given: GaugeOptions<Label>) =>
      reuse<Gauge<Label>>(given.name, Gauge<Label>, () => createGauge(registry, given)),
    histogram: <Label extends string = never>(given: HistogramOptions<Label>) =>
      reuse<Histogram<Label>>(given.name, Histogram<Label>, () => {
        const buckets = [...(given.buckets ?? durationBuckets)];
        return new Histogram<Label>({ ...base(registry, given), buckets });
      }),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function createGauge<Label extends string>(registry: Registry, given: GaugeOptions<Label>): Gauge<Label> {
  const { collect } = given;
  if (collect === undefined) return new Gauge<Label>(base(registry, given));
  return new Gauge<Label>({
    ...base(registry, given),
    collect() {
      return collect(this);
    },
  });
}

function base<Label extends string>(registry: Registry, given: MetricOptions<Label>) {
  return { name: given.name, help: given.help, labelNames: [...(given.labelNames ?? [])], registers: [registry] };
}
