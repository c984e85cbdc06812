import {
  type Context,
  ROOT_CONTEXT,
  type Span as SdkSpan,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer as SdkTracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { type TracerOptions } from './open-tracer.ts';
import { type Span, type SpanOptions, type Tracer } from './span.ts';

/** Bounds of what waits for the collector: spans beyond them are dropped, requests never wait. */
const maxQueueSize = 2_048;
const maxExportBatchSize = 512;
const sendEveryMs = 1_000;
/** For one batch, tries and waits between them included. */
const sendTimeoutMs = 3_000;

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
  producer: SpanKind.PRODUCER,
} as const;

const traceparentForm = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Sends spans to an OTLP/HTTP collector as JSON. Nothing of it is global: services in one process have one each. */
export function createOtlpTracer(options: Omit<TracerOptions, 'endpoint'> & { url: string }): Tracer {
  const exporter = counting(new OTLPTraceExporter({ url: options.url, timeoutMillis: sendTimeoutMs }), options);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.service }),
    spanProcessors: [
      new BatchSpanProcessor({
        ...{ exporter, maxQueueSize, maxExportBatchSize },
        scheduledDelayMillis: sendEveryMs,
        exportTimeoutMillis: 2 * sendTimeoutMs,
      }),
    ],
  });
  const tracer = provider.getTracer('edda');
  return {
    start: (name, { traceparent, ...given } = {}) => open(tracer, name, given, contextOf(traceparent)),
    close: () => provider.shutdown(),
  };
}

function open(tracer: SdkTracer, name: string, options: SpanOptions, parent: Context): Span {
  const { kind = 'internal', attributes, links = [] } = options;
  const linked = links.flatMap((traceparent) => {
    const context = spanContextOf(traceparent);
    return context === undefined ? [] : [{ context }];
  });
  const given = { kind: kinds[kind], links: linked, ...(attributes && { attributes }) };
  const span = tracer.startSpan(name, given, parent);
  const { traceId } = span.spanContext();
  return {
    traceId,
    traceparent: traceparentOf(span),
    child: (childName, options = {}) => open(tracer, childName, options, trace.setSpan(ROOT_CONTEXT, span)),
    event: (what) => void span.addEvent(what),
    set: (more) => void span.setAttributes(more),
    end(failure) {
      if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
      span.end();
    },
  };
}

function traceparentOf(span: SdkSpan): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** A malformed parent is no reason to refuse anything: the trace begins here then. */
function contextOf(traceparent: string | undefined): Context {
  const parent = spanContextOf(traceparent);
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
}

function spanContextOf(traceparent: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = traceparentForm.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

/** Counts what was sent and what was lost. A collector that is away costs one line in the log until it is back. */
function counting(
  exporter: OTLPTraceExporter,
  { metrics, logger, url }: Pick<TracerOptions, 'metrics' | 'logger'> & { url: string },
): SpanExporter {
  const spans = metrics.counter({
    name: 'edda_trace_spans_total',
    help: 'Spans handed to the trace collector, by outcome.',
    labelNames: ['outcome'],
  });
  let away = false;
  return {
    export(batch, done) {
      exporter.export(batch, (result) => {
        // ExportResultCode.SUCCESS
        const sent = Number(result.code) === 0;
        spans.inc({ outcome: sent ? 'sent' : 'lost' }, batch.length);
        if (!sent && !away) logger.warn({ err: result.error, url }, 'the trace collector takes no spans');
        if (sent && away) logger.info({ url }, 'the trace collector takes spans again');
        away = !sent;
        // Told of a failure, the SDK would only fail when it is closed.
        done({ code: 0 });
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
}
