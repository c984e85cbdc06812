import { currentContext, type Logger, type RequestContext, runWithContext, type Span } from '@edda/telemetry';
import { type Identity } from './identity.ts';

/** What a handler knows about the call it serves. */
export interface CallContext {
  readonly identity: Identity;
  /** The caller's edda-request-id, or a fresh UUID. */
  readonly requestId: string;
  /** The edda-idempotency-key header, for callers that cannot put the key into the request. */
  readonly idempotencyHeader?: string;
  /** Aborted with a Fault as reason: CANCELLED, DEADLINE_EXCEEDED, TOKEN_EXPIRED or DRAINING. */
  readonly signal: AbortSignal;
  /** Aborted when the server starts to drain: time to finish a long stream in an orderly way. */
  readonly draining: AbortSignal;
  /** When the answer is due; `noDeadline` for long-lived streams. */
  readonly deadline: Date;
  readonly logger: Logger;
  /** Full path, e.g. `/edda.heidrun.v1.PreAuthService/CapturePreAuth`. */
  readonly method: string;
  /** The call in its trace; undefined where traces are off. */
  readonly span?: Span | undefined;
}

/** The latest time a Date can hold: a deadline that never passes. */
export const noDeadline = new Date(8.64e15);

/**
 * The call travels inside the log context: one asynchronous context instead of two, as each costs a copy per call.
 * A symbol, so that no log line shows it.
 */
const callKey = Symbol('call');

interface ContextOfCall extends Partial<RequestContext> {
  [callKey]?: CallContext | undefined;
}

/** The call being served by the code that asks; undefined outside of one. */
export function currentCall(): CallContext | undefined {
  return (currentContext() as ContextOfCall | undefined)?.[callKey];
}

/**
 * Runs `fn` and what it awaits as part of this call: clients take over its deadline and request id, log lines say
 * who called what.
 */
export function runInCall<Result>(ctx: CallContext, fn: () => Result): Result {
  const { requestId, method, identity, span } = ctx;
  const { subject, networkId } = identity;
  const context: ContextOfCall = { requestId, method, subject, networkId, [callKey]: ctx };
  if (span !== undefined) Object.assign(context, { span, traceId: span.traceId });
  return runWithContext(context, fn);
}

/** Runs `fn` apart from the call: for clean-up that must not end with the call's own deadline. */
export function runDetached<Result>(fn: () => Result): Result {
  const context: ContextOfCall = { [callKey]: undefined };
  return runWithContext(context, fn);
}
