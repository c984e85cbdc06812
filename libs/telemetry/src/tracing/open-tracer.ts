import { type Logger } from '../logger.ts';
import { type Metrics } from '../metrics.ts';
import { type Tracer } from './span.ts';

export interface TracerOptions {
  /** Becomes the resource attribute `service.name`. */
  service: string;
  /** Base URL of an OTLP/HTTP collector; `/v1/traces` is added. Empty or undefined: no traces, and no code for them is loaded. */
  endpoint: string | undefined;
  metrics: Metrics;
  logger: Logger;
}

/** The tracer of a service; undefined where no collector is named. @throws TypeError for an endpoint that is no http URL */
export async function openTracer({ endpoint, ...options }: TracerOptions): Promise<Tracer | undefined> {
  if (endpoint === undefined || endpoint === '') return undefined;
  const url = tracesUrl(endpoint);
  const { createOtlpTracer } = await import('./create-otlp-tracer.ts');
  return createOtlpTracer({ ...options, url });
}

function tracesUrl(endpoint: string): string {
  if (!/^https?:/.test(endpoint) || !URL.canParse(endpoint)) {
    throw new TypeError('OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL');
  }
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`;
  return url.href;
}
