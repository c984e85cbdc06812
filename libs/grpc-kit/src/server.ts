import { type Logger, type Metrics, type Tracer } from '@edda/telemetry';
import { Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { createActiveCalls } from './active-calls.ts';
import { type CallLimit, createCallRunner, type CallRunner } from './call-runner.ts';
import { type ServiceEntry } from './implement.ts';
import { defaultLimits, type ServerLimits, serverOptions } from './limits.ts';
import { addReflection } from './reflection.ts';
import { type RulesTable } from './rules.ts';
import { serveMethod, wireDefinition } from './serve-method.ts';
import { isLoopback, serverCredentials, type ServerTls } from './tls.ts';
import { type TokenVerifier } from './token-verifier.ts';

export interface GrpcServerOptions {
  /** Name in the log lines. */
  service: string;
  services: readonly ServiceEntry[];
  rules: RulesTable;
  auth: TokenVerifier;
  /** Refuses callers that call too often; without it only the server's own limits hold. */
  limit?: CallLimit | undefined;
  logger: Logger;
  metrics: Metrics;
  /** Opens a span for every call; without it there are none. */
  tracer?: Tracer | undefined;
  limits?: ServerLimits;
  /** For callers that name no deadline, ms; 30,000. */
  defaultDeadlineMs?: number;
  /** The most any caller gets, ms; 300,000. */
  maxDeadlineMs?: number;
  tls?: ServerTls;
  /** Permits listening beyond loopback without TLS, e.g. behind a mesh that encrypts. */
  allowInsecure?: boolean;
  /** Server reflection: of all contracts (true), or of a serialized FileDescriptorSet. */
  reflection?: boolean | Uint8Array;
}

export interface GrpcServer {
  /**
   * Binds and starts; health answers SERVING unless setServing(false) was called before.
   * @param address.port 0 for any free one
   * @returns the bound port
   * @throws Error when the port is taken, or when the host is not loopback and there is neither TLS nor allowInsecure
   */
  listen(address: { host: string; port: number }): Promise<number>;
  /** What grpc.health.v1 says about the server and each of its services. */
  setServing(serving: boolean): void;
  /**
   * Health says NOT_SERVING, new calls answer DRAINING, running ones get `graceMs` (10,000) to finish,
   * then all is closed. Calling it again waits for the same end.
   */
  close(options?: { graceMs?: number }): Promise<void>;
}

/** How long connections get to send what was answered before they are cut, ms. */
const flushMs = 250;

/** A gRPC server with auth, deadlines, fault mapping, limits, health, logs and metrics around its handlers. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const limits = { ...defaultLimits, ...options.limits };
  const server = new Server(serverOptions(limits));
  const active = createActiveCalls(limits.maxConcurrentCalls);
  const runner = createCallRunner({
    auth: options.auth,
    limit: options.limit,
    logger: options.logger,
    metrics: options.metrics,
    tracer: options.tracer,
    active,
    maxMetadataBytes: limits.maxMetadataBytes,
    defaultDeadlineMs: options.defaultDeadlineMs ?? 30_000,
    maxDeadlineMs: options.maxDeadlineMs ?? 300_000,
  });
  for (const entry of options.services) addService(server, runner, entry, options.rules);
  const names = ['', ...options.services.map((entry) => entry.name)];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, 'NOT_SERVING'])));
  health.addToServer(server);
  const { reflection = false } = options;
  if (reflection !== false) {
    const shown = [...names.slice(1), 'grpc.health.v1.Health'];
    addReflection(server, shown, reflection === true ? undefined : reflection);
  }
  let wanted = true;
  let closing: Promise<void> | undefined;
  const publish = (serving: boolean) => {
    for (const name of names) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  };
  const shutDown = async (graceMs: number) => {
    publish(false);
    active.drain();
    if (!(await active.idle(graceMs))) {
      options.logger.warn({ service: options.service, grace_ms: graceMs }, 'calls still running after the grace time');
      active.abortAll();
    }
    await stop(server);
  };
  return {
    async listen({ host, port }) {
      if (!isLoopback(host) && options.tls === undefined && options.allowInsecure !== true) {
        throw new Error(`refusing to listen on ${host} without TLS; set tls, or allowInsecure if the network encrypts`);
      }
      const bound = await bind(server, host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, options.tls);
      if (wanted) publish(true);
      return bound;
    },
    setServing(serving) {
      wanted = serving;
      if (closing === undefined) publish(serving);
    },
    close: ({ graceMs = 10_000 } = {}) => (closing ??= shutDown(graceMs)),
  };
}

function addService(server: Server, runner: CallRunner, entry: ServiceEntry, rules: RulesTable): void {
  const methods = Object.entries(entry.definition);
  const definition: ServiceDefinition = Object.fromEntries(
    methods.map(([name, method]) => [name, wireDefinition(method)]),
  );
  const implementation: UntypedServiceImplementation = Object.fromEntries(
    methods.map(([name, method]) => {
      const info = { path: method.path, rule: Object.hasOwn(rules, method.path) ? rules[method.path] : undefined };
      return [name, serveMethod(runner, info, method, entry.handlers[name])];
    }),
  );
  server.addService(definition, implementation);
}

function bind(server: Server, address: string, tls: ServerTls | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, serverCredentials(tls), (error, port) => (error ? reject(error) : resolve(port)));
  });
}

async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, flushMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
  server.forceShutdown();
}
