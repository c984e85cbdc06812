import { currentContext, runWithContext } from '../request-context.ts';
import { type Span, type SpanOptions } from './span.ts';

/**
 * Runs `work`, and what it awaits, in a step of the trace it belongs to; outside of a trace it just runs. A failure is
 * recorded by its reason, never by its message, which may quote a request.
 */
export async function inSpan<Result>(
  name: string,
  work: (span: Span | undefined) => Promise<Result>,
  options?: SpanOptions,
): Promise<Result> {
  const parent = currentSpan();
  if (parent === undefined) return work(undefined);
  const span = parent.child(name, options);
  try {
    const result = await runWithContext({ span }, () => work(span));
    span.end();
    return result;
  } catch (error) {
    span.end(failureOf(error));
    throw error;
  }
}

/** The step that the code that asks is part of; undefined outside of a trace. */
export function currentSpan(): Span | undefined {
  return currentContext()?.span;
}

/** What a span says of a failure: a fault's reason, else the error's kind; never a message. */
export function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return 'error';
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.name;
}
