import { type OutboxEvent } from '@edda/pg-kit';
import { failureOf, runWithContext, type Span, type Tracer } from '@edda/telemetry';

type Deliver = (batch: readonly OutboxEvent[], signal: AbortSignal) => Promise<void>;

/**
 * Shows deliveries in traces. A batch carries the events of many requests, so it is a trace of its own, in which the
 * receiver's spans are; each event's delivery is a span of the request that wrote it, linked to the batch that took
 * it. Every attempt is shown. A batch without an event of a trace is delivered without spans.
 */
export function tracedDelivery(tracer: Tracer | undefined, deliver: Deliver): Deliver {
  if (tracer === undefined) return deliver;
  return async (batch, signal) => {
    const traced = batch.filter(({ traceparent }) => traceparent !== undefined);
    if (traced.length === 0) return deliver(batch, signal);
    const whole = tracer.start('deliver', { kind: 'producer', attributes: { 'edda.events': batch.length } });
    const spans = [whole, ...traced.map((event) => spanOf(tracer, event, whole))];
    const end = (failure?: string) => {
      for (const span of spans) span.end(failure);
    };
    try {
      await runWithContext({ span: whole }, () => deliver(batch, signal));
      end();
    } catch (error) {
      end(failureOf(error));
      throw error;
    }
  };
}

function spanOf(tracer: Tracer, { type, subject, sequence, traceparent }: OutboxEvent, whole: Span): Span {
  return tracer.start(`deliver ${type}`, {
    ...{ kind: 'producer', traceparent, links: [whole.traceparent] },
    attributes: { 'edda.subject': subject, 'edda.sequence': Number(sequence) },
  });
}
