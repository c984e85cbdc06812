import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eikthyrnir, heidrun, njordr, nornen } from '@edda/contracts';
import {
  createGrpcClient,
  createGrpcServer,
  createTokenMinter,
  createTokenVerifier,
  generateSigningKeys,
  type Handlers,
  implement,
  type Role,
  type RulesTable,
} from '@edda/grpc-kit';
import { commonFaults } from '@edda/faults';
import { createOutboxRelay } from '@edda/pg-kit';
import { createSettings, type DeepPartial } from '@edda/settings';
import { createMetrics, silentLogger, systemClock } from '@edda/telemetry';
import { createTestDatabases, waitFor } from '@edda/testing';
import { createDeliverEvents } from '../../src/events/deliver-events.ts';
import { createPolicyFeed } from '../../src/policy/policy-feed.ts';
import { createReconciler, type ReconcilerSettings } from '../../src/reconciliation/create-reconciler.ts';
import { createComputeHandlers } from '../../src/requests/create-compute-handlers.ts';
import { createRequests } from '../../src/requests/create-requests.ts';
import { rules } from '../../src/rules.ts';
import { type EdgeSettings } from '../../src/edge/edge-settings.ts';
import { njordrSettings, type NjordrSettings } from '../../src/settings.ts';
import { createTransactionHandlers } from '../../src/transactions/create-transaction-handlers.ts';
import { createFakeDirectory } from './fake-directory.ts';
import { createFakeHeidrun } from './fake-heidrun.ts';
import { openEdge, openLink } from './open-link.ts';
import { createScriptedHub } from './scripted-hub.ts';
import { connectAgent } from './test-agent.ts';

export const databases = createTestDatabases({
  migrationsDir: join(import.meta.dirname, '../../prisma/migrations'),
  name: 'njordr_requests',
});
const metrics = () => createMetrics({ service: 'test', processMetrics: false });
const local = { host: '127.0.0.1', port: 0 };
/** 10 ct per token, so that every token shows in the bill. */
const price = { priceCents: 10n, unitTokens: 1n };

export interface OpenOptions {
  policies?: Partial<nornen.Policy>[] | 'none';
  settings?: DeepPartial<NjordrSettings>;
  providers?: string[];
  /** Providers are agents over the real link, and there is an HTTP edge; without it they act by script. */
  linked?: boolean;
  /** Of that edge; given, there is one without the link as well. */
  http?: Partial<EdgeSettings>;
  /** Waiting events from which on the outbox is full; without it, it never is. */
  maxPending?: number;
}

/** The request side over real gRPC and PostgreSQL; providers act by script, peers are small servers. */
export async function openRequests({
  policies = [],
  settings: overrides = {},
  providers = ['p1', 'p2'],
  linked = false,
  http,
  maxPending,
}: OpenOptions = {}) {
  const database = await databases.create();
  const keys = await generateSigningKeys();
  const folder = await mkdtemp(join(tmpdir(), 'njordr-requests-'));
  const jwksFile = join(folder, 'jwks.json');
  await writeFile(jwksFile, JSON.stringify(keys.jwks));
  const minter = createTokenMinter({ privateJwk: keys.privateJwk, issuer: 'edda' });
  const auth = createTokenVerifier({ jwksFile, issuer: 'edda' });
  const logger = silentLogger();
  const token = (subject: string, roles: readonly Role[], networkId: string) => {
    const minted = minter.mint({ subject, networkId, roles, ttlSeconds: 600 });
    return () => minted;
  };
  const settings = await createSettings({ schema: njordrSettings, overrides, watch: false });
  const market = createFakeDirectory(
    providers.map((providerId, index) => ({
      ...{ providerId, price, model: 'gpt-4o', networkId: 'net-p', ownerId: `owner-${providerId}` },
      ttftEwmaMs: 100 + index * 200,
    })),
  );
  const fakeHeidrun = createFakeHeidrun(
    (id) => market.offers.find(({ providerId }) => providerId === id)?.price ?? price,
  );
  const scripted = createScriptedHub();
  const served = metrics();
  const link = linked ? openLink({ providers, metrics: served, settings: () => settings.current().link }) : undefined;
  const received = {
    events: [] as string[],
    payloads: [] as string[],
    observations: [] as eikthyrnir.Observation[],
    refusing: false,
  };

  const peerMethods: { path: string }[] = [
    ...Object.values(heidrun.PreAuthServiceService),
    ...Object.values(nornen.DecisionServiceService),
    ...Object.values(nornen.HistoryServiceService),
    ...Object.values(eikthyrnir.QualityServiceService),
  ];
  const peerRules: RulesTable = Object.fromEntries(
    peerMethods.map(({ path }) => [path, { roles: ['service'], longLived: path.includes('Watch') }]),
  );
  const decisions: Handlers<typeof nornen.DecisionServiceService> = {
    async *watchPolicies(_, ctx) {
      if (policies !== 'none') {
        yield nornen.WatchPoliciesResponse.fromPartial({
          snapshot: { version: 1n, policies: policies.map((policy) => nornen.Policy.fromPartial(policy)) },
        });
      }
      await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
    },
  };
  const history: Handlers<typeof nornen.HistoryServiceService> = {
    async ingestEvents(batches) {
      if (received.refusing) throw commonFaults.DEPENDENCY_UNAVAILABLE('The history is away.');
      for await (const { events } of batches) {
        received.events.push(...events.map(({ type }) => type));
        received.payloads.push(...events.map(({ payloadJson }) => payloadJson));
      }
      return nornen.IngestEventsResponse.fromPartial({});
    },
  };
  const quality: Handlers<typeof eikthyrnir.QualityServiceService> = {
    async recordObservations({ observations }) {
      if (received.refusing) throw commonFaults.DEPENDENCY_UNAVAILABLE('Quality is away.');
      received.observations.push(...observations);
      return { accepted: BigInt(observations.length), duplicates: 0n };
    },
  };
  const peerServer = createGrpcServer({
    service: 'peers',
    services: [
      implement(heidrun.PreAuthServiceService, fakeHeidrun.handlers),
      implement(nornen.DecisionServiceService, decisions),
      implement(nornen.HistoryServiceService, history),
      implement(eikthyrnir.QualityServiceService, quality),
    ],
    ...{ rules: peerRules, auth, logger, metrics: metrics() },
  });
  const peerAddress = `127.0.0.1:${await peerServer.listen(local)}`;
  const asNjordr = {
    address: peerAddress,
    token: token('njordr', ['service'], 'edda'),
    logger,
    retries: false as const,
  };
  const clients = {
    preAuth: createGrpcClient(heidrun.PreAuthServiceService, { ...asNjordr, breaker: false }),
    decisions: createGrpcClient(nornen.DecisionServiceService, asNjordr),
    history: createGrpcClient(nornen.HistoryServiceService, asNjordr),
    quality: createGrpcClient(eikthyrnir.QualityServiceService, asNjordr),
  };
  const feed = createPolicyFeed({ decisions: clients.decisions, logger, backoff: { baseMs: 10, capMs: 50 } });
  feed.start();
  if (policies !== 'none') await waitFor(() => feed.current().version === '1');
  const relay = createOutboxRelay({
    pool: database.pool,
    deliver: createDeliverEvents({ ...clients, logger }),
    ...(maxPending !== undefined && { maxPending, pollIntervalMs: 20, backoff: { baseMs: 10, capMs: 50 } }),
    logger,
  });
  const replica = () =>
    createRequests({
      ...{ pool: database.pool, clock: systemClock, logger, settings: settings.current },
      hub: link?.hub ?? scripted.hub,
      ...{ directory: market.directory, preAuth: clients.preAuth, policies: () => feed.current(), newId: randomUUID },
      resultKeys: `k1:${randomBytes(32).toString('base64')}`,
      random: () => 0.99,
      assertCapacity: () => (maxPending === undefined ? undefined : relay.assertCapacity()),
    });
  const reconcilerMetrics = metrics();
  /** Everything that was made before now counts as old. */
  const reconciler = (options: Partial<ReconcilerSettings> = {}) =>
    createReconciler({
      ...{ pool: database.pool, preAuth: clients.preAuth, clock: systemClock, logger, metrics: reconcilerMetrics },
      settings: () => ({
        ...{ intervalMs: 0, graceSeconds: 0, settledAfterSeconds: 0, pageSize: 100, maxPages: 100 },
        ...options,
      }),
    });
  const requests = replica();
  requests.start();
  const services = [
    implement(njordr.ComputeServiceService, createComputeHandlers(requests.compute)),
    implement(
      njordr.TransactionServiceService,
      createTransactionHandlers({ pool: database.pool, reads: requests.compute.reads }),
    ),
    ...(link === undefined ? [] : [link.service]),
  ];
  const server = createGrpcServer({ service: 'njordr', services, ...{ rules, auth, logger, metrics: served } });
  const edge =
    linked || http !== undefined
      ? await openEdge({ services, auth, metrics: served, directory: market.directory, http: http ?? {} })
      : undefined;
  const address = `127.0.0.1:${await server.listen(local)}`;
  const closing: (() => void)[] = [];
  return {
    ...{ pool: database.pool, requests, replica, reconciler, settings, received, relay, peerServer },
    ...{ market, hub: scripted, heidrun: fakeHeidrun.state, link: link?.hub },
    httpUrl: edge?.url ?? '',
    userToken: () => token('u1', ['user'], 'net-1')(),
    /** A device's agent that does what the test says; it speaks for the provider of the same name. */
    agent(deviceId: string) {
      const agent = connectAgent(address, token(`owner-${deviceId}`, ['provider'], 'net-p'), deviceId);
      closing.push(() => agent.close());
      return agent;
    },
    client(subject = 'u1', { networkId = 'net-1', roles = ['user'] as readonly Role[] } = {}) {
      const options = { address, token: token(subject, roles, networkId), logger, retries: false as const };
      const compute = createGrpcClient(njordr.ComputeServiceService, options);
      const transactions = createGrpcClient(njordr.TransactionServiceService, options);
      closing.push(
        () => compute.close(),
        () => transactions.close(),
      );
      return { compute, transactions };
    },
    async close() {
      for (const close of closing) close();
      await edge?.close();
      await server.close({ graceMs: 100 });
      link?.close();
      await requests.close(100);
      await relay.stop(0);
      await feed.close();
      for (const client of Object.values(clients)) client.close();
      await peerServer.close({ graceMs: 100 });
      settings.close();
      await rm(folder, { recursive: true, force: true });
      await database.drop();
    },
  };
}

export type OpenedRequests = Awaited<ReturnType<typeof openRequests>>;

export function parameters(changes: Parameters<typeof njordr.ComputeParameters.fromPartial>[0] = {}) {
  return njordr.ComputeParameters.fromPartial({
    model: 'gpt-4o',
    messages: [{ role: 'user', content: 'Say something.' }],
    ...changes,
  });
}

/** Reads an execution to its end. */
export async function collect(stream: AsyncIterable<njordr.ExecuteRequestResponse>) {
  const events: NonNullable<njordr.ExecuteRequestResponse['event']>[] = [];
  for await (const { event } of stream) events.push(event!);
  const of = <Case extends (typeof events)[number]['$case']>($case: Case) =>
    events.filter((event) => event.$case === $case).map(({ value }) => value) as Extract<
      (typeof events)[number],
      { $case: Case }
    >['value'][];
  return {
    kinds: events.map(({ $case }) => $case),
    accepted: of('accepted')[0],
    text: of('chunk')
      .map(({ content }) => content)
      .join(''),
    chunks: of('chunk'),
    failovers: of('failover'),
    receipt: of('receipt')[0],
  };
}
