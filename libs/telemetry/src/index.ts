export { type Clock, systemClock } from './clock.ts';
export { type LogDestination } from './log-destination.ts';
export { type LogLevel, type LogLevels, levelValues } from './log-levels.ts';
export { createLogger, type Logger, type LoggerOptions, type LogMethod } from './logger.ts';
export { createMemoryLogger, type LogRecord, type MemoryLogger, silentLogger } from './memory-logger.ts';
export {
  createMetrics,
  durationBuckets,
  type GaugeOptions,
  type HistogramOptions,
  type MetricOptions,
  type Metrics,
} from './metrics.ts';
export { type LogFile, type LogRotation, openLogFile } from './open-log-file.ts';
export { type OperationsServer, type OperationsServerOptions, startOperationsServer } from './operations-server.ts';
export { isSecretName, redactFields, redactText } from './redact.ts';
export { currentSpan, failureOf, inSpan } from './tracing/in-span.ts';
export { openTracer, type TracerOptions } from './tracing/open-tracer.ts';
export { type Span, type SpanAttributes, type SpanOptions, type Tracer } from './tracing/span.ts';
export { currentContext, type RequestContext, runWithContext } from './request-context.ts';
