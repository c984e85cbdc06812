import { AsyncLocalStorage } from 'node:async_hooks';
import { type Span } from './tracing/span.ts';

/** What every log line of one request carries (in snake_case). */
export interface RequestContext {
  /** Empty when work outside of any request runs with a context, such as a sweep. */
  requestId: string;
  /** The gRPC method or HTTP route. */
  method?: string | undefined;
  /** Who acts: the token’s subject. */
  subject?: string | undefined;
  networkId?: string | undefined;
  transactionId?: string | undefined;
  traceId?: string | undefined;
  /** The step of the trace that runs now; not logged. */
  span?: Span | undefined;
}

const storage = new AsyncLocalStorage<RequestContext>();

/**
 * Runs `fn`, and everything it awaits, with the given context. Nested calls add to the outer context,
 * so a handler can attach the transaction’s id once it is known.
 */
export function runWithContext<Result>(context: Partial<RequestContext>, fn: () => Result): Result {
  const outer = storage.getStore();
  return storage.run({ requestId: '', ...outer, ...context }, fn);
}

/** The context of the request being served, or undefined outside of one. */
export function currentContext(): Readonly<RequestContext> | undefined {
  return storage.getStore();
}

/** The current context as log fields; empty outside of a request. */
export function contextFields(): Record<string, string> {
  const context = storage.getStore();
  const fields: Record<string, string> = {};
  if (context === undefined) return fields;
  if (context.requestId !== '') fields.request_id = context.requestId;
  if (context.method !== undefined) fields.method = context.method;
  if (context.subject !== undefined) fields.subject = context.subject;
  if (context.networkId !== undefined) fields.network_id = context.networkId;
  if (context.transactionId !== undefined) fields.transaction_id = context.transactionId;
  if (context.traceId !== undefined) fields.trace_id = context.traceId;
  return fields;
}
