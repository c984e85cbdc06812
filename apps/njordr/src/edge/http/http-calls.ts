import { type Fault } from '@edda/faults';
import {
  anonymous,
  type CallContext,
  type MethodRule,
  reportError,
  runInCall,
  RunningCall,
  type TokenVerifier,
} from '@edda/grpc-kit';
import { type Logger, runWithContext, type Span, type Tracer } from '@edda/telemetry';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type CallLimits, limitHeaders, rateLimited } from '../../limits/call-limits.ts';
import { type EdgeSettings } from '../edge-settings.ts';
import { createActiveRequests } from './active-requests.ts';
import { idempotencyKeyOf, identityOf, requestIdOf } from './admission.ts';
import { type HttpMetrics } from './http-metrics.ts';
import { logRequest, routeOf } from './request-log.ts';

/** What a route calls: the RPC's path and who may call it, from the table that the gRPC server uses. */
export interface CallTarget {
  readonly path: string;
  readonly rule: MethodRule | undefined;
  /** Runs as long as an answer takes, not as long as an ordinary request may. */
  readonly longAnswer?: boolean;
}

/** Requests from their headers to their end: admission, deadline, the caller going away, log line, metrics. */
export interface HttpCalls {
  /** Begins a call, before its body is read. @throws DRAINING, RATE_LIMITED, TOKEN_*, ROLE_FORBIDDEN, INVALID_INPUT */
  admit(target: CallTarget, request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Runs what the route does; rejects as soon as the call is ended early. */
  run<Value>(request: FastifyRequest, work: (ctx: CallContext) => Promise<Value>): Promise<Value>;
  /** The fault to answer with; internal ones are logged under an error id. */
  faultOf(error: unknown, request: FastifyRequest): Fault;
  /** From now on `admit` throws DRAINING; what still runs after `graceMs` is ended with it. */
  drain(graceMs: number): Promise<void>;
}

export interface HttpCallsOptions {
  verifier: TokenVerifier;
  limits: CallLimits;
  logger: Logger;
  metrics: HttpMetrics;
  tracer?: Tracer | undefined;
  settings: () => EdgeSettings;
}

export function createHttpCalls({ verifier, limits, logger, metrics, tracer, settings }: HttpCallsOptions): HttpCalls {
  const httpLogger = logger.module('http');
  const calls = new WeakMap<FastifyRequest, RunningCall>();
  const active = createActiveRequests();

  const begin = (method: string, request: FastifyRequest, reply: FastifyReply): RunningCall => {
    const running = new RunningCall({
      ...{ requestId: requestIdOf(request), method },
      ...{ logger: httpLogger, draining: active.draining },
    });
    calls.set(request, running);
    if (tracer !== undefined) running.span = startSpan(tracer, request, running);
    void reply.header('x-request-id', running.requestId);
    const startedAt = performance.now();
    metrics.started();
    const remove = active.add(running);
    // The one event that comes however a request ends.
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) running.cancelled();
      running.answered();
      remove();
      const status = reply.raw.headersSent ? reply.raw.statusCode : 499;
      const ended = { method: request.method, route: routeOf(request), status, ms: performance.now() - startedAt };
      metrics.handled(ended);
      logRequest(httpLogger, running, ended);
      running.span?.set({ 'http.response.status_code': status });
      running.span?.end(status >= 500 ? String(status) : undefined);
    });
    return running;
  };

  return {
    async admit({ path, rule, longAnswer = false }, request, reply) {
      const { maxConcurrentRequests, deadlineMs, executionDeadlineMs } = settings();
      const running = begin(path, request, reply);
      active.assertRoom(maxConcurrentRequests);
      running.identity = await identityOf(request, rule, verifier).catch(async (error: unknown) => {
        // Guessing tokens is limited like everything else that nobody is named for.
        await limits.admit(anonymous, request.ip);
        throw error;
      });
      const decision = await limits.take(running.identity, request.ip);
      if (decision !== undefined) void reply.headers(limitHeaders(decision));
      if (decision?.allowed === false) throw rateLimited(decision);
      const key = idempotencyKeyOf(request);
      if (key !== undefined) running.idempotencyHeader = key;
      running.limit(new Date(Date.now() + (longAnswer ? executionDeadlineMs : deadlineMs)), undefined);
    },
    async run(request, work) {
      const running = calls.get(request);
      if (running === undefined) throw new Error('the route was not admitted');
      if (running.endedBy !== undefined) throw running.endedBy;
      const { subject, networkId } = running.identity;
      const context = { requestId: running.requestId, method: running.method, subject, networkId };
      const inCall = async () => runWithContext(context, () => runInCall(running, () => work(running)));
      return running.race(inCall, () => undefined);
    },
    faultOf(error, request) {
      const running = calls.get(request);
      const fields = { method: running?.method ?? routeOf(request), request_id: running?.requestId ?? '' };
      return reportError(error, httpLogger, fields);
    },
    drain: (graceMs) => active.drain(graceMs),
  };
}

/** Part of the caller's trace, if it sent one. The route's pattern names it: paths hold ids. */
function startSpan(tracer: Tracer, request: FastifyRequest, { requestId }: RunningCall): Span {
  const { traceparent } = request.headers;
  return tracer.start(`${request.method} ${routeOf(request)}`, {
    kind: 'server',
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    attributes: { 'edda.request_id': requestId },
  });
}
