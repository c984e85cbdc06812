import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { njordr } from '@edda/contracts';
import {
  createGrpcClient,
  createGrpcServer,
  createTokenMinter,
  createTokenVerifier,
  generateSigningKeys,
  implement,
  type Role,
} from '@edda/grpc-kit';
import { createInProcessKit, createInProcessServer } from '@edda/redis-kit';
import { createMetrics, silentLogger, systemClock } from '@edda/telemetry';
import { createTestDatabases } from '@edda/testing';
import { linkRules } from '../../src/link/create-link-handlers.ts';
import { linkSettings } from '../../src/link/link-settings.ts';
import { createProviders, type ProvidersDeps } from '../../src/providers/create-providers.ts';
import { providerRules } from '../../src/providers/create-provider-handlers.ts';
import { providerSettings } from '../../src/providers/provider-settings.ts';
import { replicaSettings } from '../../src/replicas/replica-settings.ts';
import { startPeers } from './peer-services.ts';
import { connectAgent } from './test-agent.ts';

export const databases = createTestDatabases({
  migrationsDir: join(import.meta.dirname, '../../prisma/migrations'),
  name: 'njordr_providers',
});

/** Njörðr's provider side on a real socket and a database of its own, with stand-ins for its peers. */
export async function openMarket(overrides: { link?: object; providers?: object } = {}) {
  const database = await databases.create();
  const keys = await generateSigningKeys();
  const folder = await mkdtemp(join(tmpdir(), 'njordr-test-'));
  const jwksFile = join(folder, 'jwks.json');
  await writeFile(jwksFile, JSON.stringify(keys.jwks));
  const minter = createTokenMinter({ privateJwk: keys.privateJwk, issuer: 'edda' });
  const verifier = createTokenVerifier({ jwksFile, issuer: 'edda' });
  const peerServices = await startPeers(minter, verifier);
  const { peers, state } = peerServices;
  const settings = {
    link: linkSettings().parse({ heartbeatIntervalMs: 5_000, ...overrides.link }),
    providers: providerSettings().parse({
      retryIntervalMs: 100,
      connectionTestTimeoutMs: 1_000,
      ...overrides.providers,
    }),
    replicas: replicaSettings().parse({}),
  };
  const logger = silentLogger();

  const asNjordr = minter.provider({ subject: 'njordr', networkId: 'edda', roles: ['service'], ttlSeconds: 600 });
  const shared = createInProcessServer();
  const serve = async (redis: ProvidersDeps['redis'] = createInProcessKit({ server: shared })) => {
    const metrics = createMetrics({ service: 'njordr', processMetrics: false });
    const providers = createProviders({
      pool: database.pool,
      redis,
      clock: systemClock,
      logger,
      metrics,
      settings: () => settings,
      assertCapacity: () => undefined,
      peers,
      connect: (address) =>
        createGrpcClient(njordr.ReplicaServiceService, { address, token: asNjordr, logger, retries: false }),
    });
    await providers.start();
    const server = createGrpcServer({
      service: 'njordr',
      services: [
        implement(njordr.ProviderServiceService, providers.providerHandlers),
        implement(njordr.ProviderLinkService, providers.linkHandlers),
      ],
      rules: { ...providerRules, ...linkRules },
      auth: verifier,
      logger,
      metrics,
    });
    const port = await server.listen({ host: '127.0.0.1', port: 0 });
    const close = async () => {
      await server.close({ graceMs: 200 });
      await providers.close();
    };
    return { providers, server, metrics, address: `127.0.0.1:${port}`, close };
  };
  let running = await serve();
  const closing: (() => void)[] = [];
  const token = (subject: string, roles: readonly Role[], networkId: string, ttlSeconds = 600) => {
    const minted = minter.mint({ subject, networkId, roles, ttlSeconds });
    return () => minted;
  };
  return {
    pool: database.pool,
    state,
    settings,
    /** What the replicas' kits are made over. */
    bus: shared,
    get providers() {
      return running.providers;
    },
    get server() {
      return running.server;
    },
    get metrics() {
      return running.metrics;
    },
    client(subject: string, { networkId = 'asgard', roles = ['user'] as readonly Role[], at = running.address } = {}) {
      const options = { address: at, token: token(subject, roles, networkId), logger, retries: false as const };
      const client = createGrpcClient(njordr.ProviderServiceService, options);
      closing.push(() => client.close());
      return client;
    },
    agent(
      deviceId: string,
      options: { owner?: string; networkId?: string; roles?: readonly Role[]; ttlSeconds?: number } = {},
    ) {
      const { owner = 'freya', networkId = 'asgard', roles = ['provider'], ttlSeconds } = options;
      const agent = connectAgent(running.address, token(owner, roles, networkId, ttlSeconds), deviceId);
      closing.push(() => agent.close());
      return agent;
    },
    /** One more replica on the same database; closed by the caller. */
    replica: serve,
    /** Ends the service and starts it again on the same database. */
    async restart() {
      await running.close();
      running = await serve();
    },
    async close() {
      for (const close of closing) close();
      await running.close();
      await peerServices.close();
      await rm(folder, { recursive: true, force: true });
      await database.drop();
    },
  };
}

export type Market = Awaited<ReturnType<typeof openMarket>>;
