import { asFault } from '@edda/faults';
import { inSpan, type Logger } from '@edda/telemetry';
import { createBreaker, type BreakerOptions } from './breaker.ts';
import { callStream, callUnary, type PreparedCall } from './client-calls.ts';
import { type CallOptions, deadlineOf, metadataFor } from './call-options.ts';
import { type ChannelSettings, createChannel } from './channel.ts';
import { type RequestOf, type ResponseOf, type RpcDefinition, type RpcService } from './definition.ts';
import { createRetryPolicy, type RetryOptions } from './retry.ts';
import { withRetries } from './with-retries.ts';

export interface GrpcClientOptions extends ChannelSettings {
  /** Asked before every attempt, e.g. `minter.provider(…)`; undefined for peers that need no token. */
  token?: () => Promise<string>;
  logger: Logger;
  /** For calls that name no deadline, ms; 10,000. */
  defaultDeadlineMs?: number;
  /** Of unary calls; false for none. */
  retries?: RetryOptions | false;
  /** Of unary calls; false for none. */
  breaker?: BreakerOptions | false;
}

/** How one RPC is called; streams have no retries. All reject with a Fault. */
export type ClientMethod<Method extends RpcDefinition> = Method['requestStream'] extends true
  ? Method['responseStream'] extends true
    ? (requests: AsyncIterable<RequestOf<Method>>, options?: CallOptions) => AsyncIterable<ResponseOf<Method>>
    : (requests: AsyncIterable<RequestOf<Method>>, options?: CallOptions) => Promise<ResponseOf<Method>>
  : Method['responseStream'] extends true
    ? (request: RequestOf<Method>, options?: CallOptions) => AsyncIterable<ResponseOf<Method>>
    : (request: RequestOf<Method>, options?: CallOptions) => Promise<ResponseOf<Method>>;

export type GrpcClient<Service extends RpcService> = {
  readonly [Name in keyof Service]: ClientMethod<Service[Name]>;
} & {
  /** Resolves once connected. @throws DEPENDENCY_UNAVAILABLE after `timeoutMs` (10,000) */
  ready: (timeoutMs?: number) => Promise<void>;
  /** Closes the channel; calls in progress fail. */
  close: () => void;
};

/** A typed client of one service over a channel of its own. */
export function createGrpcClient<const Service extends RpcService>(
  definition: Service,
  options: GrpcClientOptions,
): GrpcClient<Service> {
  const channel = createChannel(options);
  const retry = createRetryPolicy(options.retries === false ? { maxAttempts: 1 } : options.retries);
  const guard = options.breaker === false ? undefined : createBreaker(options.breaker);
  const connectTimeoutMs = options.connectTimeoutMs ?? 2_000;
  const logger = options.logger.module('grpc.client');

  const prepare = async (call: CallOptions, deadline: number): Promise<PreparedCall> => {
    const [token] = await Promise.all([
      options.token?.(),
      channel.ready(Math.min(connectTimeoutMs, Math.max(1, deadline - Date.now()))),
    ]);
    return { client: channel.client, metadata: metadataFor(call, token), deadline, signal: call.signal };
  };
  const settings = (call: CallOptions = {}) => ({
    call,
    deadline: deadlineOf(call, options.defaultDeadlineMs ?? 10_000),
  });

  const unary = async (method: RpcDefinition, request: unknown, given?: CallOptions): Promise<unknown> => {
    const { call, deadline } = settings(given);
    const once = async () => callUnary(method, request, await prepare(call, deadline));
    return withRetries(guard === undefined ? once : () => guard(once), {
      retry,
      deadline,
      signal: call.signal,
      onRetry: (fields) => logger.debug({ method: method.path, ...fields }, 'retrying'),
    });
  };
  const start = (given?: CallOptions) => {
    try {
      const { call, deadline } = settings(given);
      return prepare(call, deadline);
    } catch (error) {
      return Promise.reject(asFault(error));
    }
  };

  const method = (rpc: RpcDefinition) => {
    if (!rpc.requestStream && !rpc.responseStream) {
      const span = { kind: 'client', attributes: { 'rpc.system': 'grpc' } } as const;
      return (request: unknown, given?: CallOptions) =>
        inSpan(rpc.path.slice(1), () => unary(rpc, request, given), span);
    }
    return (input: unknown, given?: CallOptions) => callStream(rpc, input, () => start(given));
  };
  return {
    ...Object.fromEntries(Object.entries(definition).map(([name, rpc]) => [name, method(rpc)])),
    ready: (timeoutMs = 10_000) => channel.ready(timeoutMs),
    close: () => channel.close(),
  } as GrpcClient<Service>;
}
