import { type Fault, grpcStatusOf } from '@edda/faults';
import { type Logger, type Metrics, type Tracer } from '@edda/telemetry';
import { type Metadata, status } from '@grpc/grpc-js';
import { type ActiveCalls } from './active-calls.ts';
import { admit, checkMetadataSize, header, requestIdOf } from './admission.ts';
import { type CallContext, noDeadline, runInCall } from './call-context.ts';
import { logCall } from './call-log.ts';
import { createCallMetrics } from './call-metrics.ts';
import { reportError } from './error-report.ts';
import { type ErrorStatus, faultToStatus } from './fault-to-status.ts';
import { anonymous, type Identity } from './identity.ts';
import { metadataKeys } from './metadata-keys.ts';
import { type MethodRule } from './rules.ts';
import { RunningCall } from './running-call.ts';
import { type TokenVerifier } from './token-verifier.ts';

/** What the runner needs of a grpc-js call. */
export interface IncomingCall {
  readonly metadata: Metadata;
  getDeadline(): Date | number;
  getPeer(): string;
  on(event: 'cancelled', listener: () => void): unknown;
}

export interface MethodInfo {
  readonly path: string;
  readonly rule: MethodRule | undefined;
}

/**
 * Counts a call against its caller's limit; where nobody is named, or the token is not accepted, against its address.
 * @throws RATE_LIMITED
 */
export type CallLimit = (caller: Identity, address: string) => Promise<void> | void;

export type Outcome<Value> = { value: Value } | { error: ErrorStatus };

type Work<Value> = (ctx: CallContext) => Promise<Value>;

/** Carries every call through admission, deadline, fault mapping, log line and metrics. */
export interface CallRunner {
  /** Never rejects. */
  run<Value>(method: MethodInfo, call: IncomingCall, work: Work<Value>): Promise<Outcome<Value>>;
}

export interface CallRunnerOptions {
  auth: TokenVerifier;
  limit?: CallLimit | undefined;
  logger: Logger;
  metrics: Metrics;
  /** Opens a span for every call. */
  tracer?: Tracer | undefined;
  active: ActiveCalls;
  maxMetadataBytes: number;
  defaultDeadlineMs: number;
  maxDeadlineMs: number;
}

export function createCallRunner(options: CallRunnerOptions): CallRunner {
  const callLogger = options.logger.module('grpc');
  const metrics = createCallMetrics(options.metrics);
  return {
    async run(method, call, work) {
      const startedAt = performance.now();
      const running = runningCall(options, method, call);
      metrics.started();
      const answered = (code: number, fault?: Fault) => {
        running.answered();
        const ms = performance.now() - startedAt;
        metrics.handled(method.path, code, ms / 1_000);
        endSpan(running, code, fault);
        logCall(callLogger, running, { code, ms, ...(fault !== undefined && { fault }) });
      };
      try {
        const value = await execute(options, method, call, running, work);
        answered(status.OK);
        return { value };
      } catch (error) {
        const fault = reportError(error, callLogger, { method: method.path, request_id: running.requestId });
        answered(grpcStatusOf(fault.kind), fault);
        return { error: faultToStatus(fault) };
      }
    },
  };
}

function runningCall(options: CallRunnerOptions, { path }: MethodInfo, call: IncomingCall): RunningCall {
  const { logger, active, tracer } = options;
  const requestId = requestIdOf(call.metadata);
  const running = new RunningCall({ requestId, method: path, logger, draining: active.draining });
  const key = header(call.metadata, metadataKeys.idempotencyKey);
  if (key !== undefined) running.idempotencyHeader = key;
  if (tracer !== undefined) {
    const traceparent = header(call.metadata, metadataKeys.traceparent);
    const attributes = { 'rpc.system': 'grpc', 'edda.request_id': requestId };
    running.span = tracer.start(path.slice(1), { kind: 'server', traceparent, attributes });
  }
  call.on('cancelled', () => running.cancelled());
  return running;
}

function endSpan({ span }: RunningCall, code: number, fault: Fault | undefined): void {
  if (span === undefined) return;
  span.set({ 'rpc.grpc.status_code': code });
  span.end(fault?.reason);
}

async function execute<Value>(
  options: CallRunnerOptions,
  { rule }: MethodInfo,
  call: IncomingCall,
  running: RunningCall,
  work: Work<Value>,
): Promise<Value> {
  const { active } = options;
  active.add(running, rule);
  let started = false;
  try {
    checkMetadataSize(call.metadata, options.maxMetadataBytes);
    const admitted = admitWithin(options, call, rule);
    running.identity = admitted instanceof Promise ? await admitted : admitted;
    const limited = options.limit?.(running.identity, addressOf(call));
    if (limited !== undefined) await limited;
    const expiresAt = rule?.longLived === true ? running.identity.expiresAt : undefined;
    running.limit(deadlineOf(call, rule, options), expiresAt);
    if (running.endedBy !== undefined) throw running.endedBy;
    started = true;
    return await running.race(
      () => runInCall(running, () => work(running)),
      () => active.remove(running),
    );
  } finally {
    if (!started) active.remove(running);
  }
}

/** Guessing tokens is limited like everything else that nobody is named for. */
function admitWithin({ auth, limit }: CallRunnerOptions, call: IncomingCall, rule: MethodRule | undefined) {
  if (limit === undefined) return admit(call.metadata, rule, auth);
  const refused = async (error: unknown): Promise<never> => {
    await limit(anonymous, addressOf(call));
    throw error;
  };
  try {
    const admitted = admit(call.metadata, rule, auth);
    return admitted instanceof Promise ? admitted.catch(refused) : admitted;
  } catch (error) {
    return refused(error);
  }
}

/** The peer's address without its port. */
const addressOf = (call: IncomingCall): string => call.getPeer().replace(/:\d+$/, '');

/** The caller's deadline, else the default; at most the cap. A long-lived stream has one only if its caller set it. */
function deadlineOf(
  call: IncomingCall,
  rule: MethodRule | undefined,
  options: Pick<CallRunnerOptions, 'defaultDeadlineMs' | 'maxDeadlineMs'>,
): Date {
  const wanted = Number(call.getDeadline());
  if (rule?.longLived === true) return Number.isFinite(wanted) ? new Date(wanted) : noDeadline;
  const now = Date.now();
  const deadline = Number.isFinite(wanted) ? wanted : now + options.defaultDeadlineMs;
  return new Date(Math.min(deadline, now + options.maxDeadlineMs));
}
