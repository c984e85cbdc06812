import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryLogger, createMetrics, type MemoryLogger, type Metrics } from '@edda/telemetry';
import { onTestFinished } from 'vitest';
import {
  createGrpcClient,
  createGrpcServer,
  createTokenMinter,
  createTokenVerifier,
  generateSigningKeys,
  type GrpcClient,
  type GrpcClientOptions,
  type GrpcServer,
  type GrpcServerOptions,
  type Handlers,
  implement,
  type MethodRule,
  type Role,
  type RulesTable,
} from '../src/index.ts';
import { EchoService, type EchoDefinition, echoPath } from './echo-definition.ts';

export const issuer = 'https://issuer.test';
export const { privateJwk, jwks } = await generateSigningKeys();
export const minter = createTokenMinter({ privateJwk, issuer });
export const directory = mkdtempSync(join(tmpdir(), 'grpc-kit-'));
export const jwksFile = join(directory, 'jwks.json');
writeFileSync(jwksFile, JSON.stringify(jwks));

export const tokenFor = (role: Role, subject = `${role}-1`, ttlSeconds = 60): Promise<string> =>
  minter.mint({ subject, networkId: 'net-1', roles: [role], ttlSeconds });

const everyone: MethodRule = { roles: ['user', 'provider', 'service', 'admin'] };
export const openRules: RulesTable = Object.fromEntries(
  Object.values(EchoService).map((method) => [method.path, everyone]),
);

export interface Running {
  server: GrpcServer;
  port: number;
  address: string;
  log: MemoryLogger;
  metrics: Metrics;
  client: (options?: Partial<GrpcClientOptions>) => GrpcClient<EchoDefinition>;
}

type Overrides = Partial<GrpcServerOptions> & {
  port?: number;
  rule?: Partial<Record<keyof EchoDefinition, MethodRule>>;
};

/** A server on a free port with the given handlers; it and its clients end with the test. */
export async function start(handlers: Handlers<EchoDefinition>, overrides: Overrides = {}): Promise<Running> {
  const { port: wantedPort = 0, rule = {}, ...options } = overrides;
  const log = createMemoryLogger();
  const metrics = createMetrics({ service: 'echo', processMetrics: false });
  const rows = Object.entries(rule).map(([name, row]) => [echoPath(name as keyof EchoDefinition), row] as const);
  const server = createGrpcServer({
    service: 'echo',
    services: [implement(EchoService, handlers)],
    rules: { ...openRules, ...Object.fromEntries(rows) },
    auth: createTokenVerifier({ jwksFile, issuer }),
    logger: log.logger,
    metrics,
    ...options,
  });
  const port = await server.listen({ host: '127.0.0.1', port: wantedPort });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const address = `127.0.0.1:${port}`;
  const client = (more: Partial<GrpcClientOptions> = {}) => {
    const made = createGrpcClient(EchoService, { address, token: () => tokenFor('user'), logger: log.logger, ...more });
    onTestFinished(() => made.close());
    return made;
  };
  return { server, port, address, log, metrics, client };
}

/** Waits until `condition` holds; fails after 20 s, as a busy machine may take seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('the condition never held');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
