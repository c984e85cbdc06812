import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { njordr } from '@edda/contracts';
import {
  createGrpcClient,
  createTokenMinter,
  createTokenVerifier,
  generateSigningKeys,
  type Role,
} from '@edda/grpc-kit';
import { type DeepPartial } from '@edda/settings';
import { createPool } from '@edda/pg-kit';
import { silentLogger } from '@edda/telemetry';
import { createTestDatabases, freePort, startTcpProxy, waitFor } from '@edda/testing';
import { run } from '../../src/run.ts';
import { type NjordrSettings } from '../../src/settings.ts';
import { createFakeHeidrun } from './fake-heidrun.ts';
import { startAllPeers } from './start-all-peers.ts';
import { connectAgent } from './test-agent.ts';

const databases = createTestDatabases({ name: 'njordr_replicas' });
const logger = silentLogger();
/** 10 ct per token, so that every token shows in the bill. */
const price = { priceCents: 10n, unitTokens: 1n };
export const MODEL = 'gpt-4o';

type Options = Required<Pick<Parameters<typeof run>[0], 'settings' | 'secrets'>>;
type Start = (
  settings: Options['settings'],
  secrets: Options['secrets'],
) => Promise<{
  ports: Readonly<Record<string, number>>;
  signal: (signal: NodeJS.Signals) => void;
  close: () => Promise<unknown>;
}>;

const startHere: Start = async (settings, secrets) => {
  const service = await run({ settings, secrets, logger, random: () => 0.99 });
  const signal = () => {
    throw new Error('only a replica in a process of its own can be signalled');
  };
  return { ports: service.ports, close: () => service.close(), signal };
};

const startApart: Start = async (settings, secrets) => {
  const child = fork(join(import.meta.dirname, 'replica-process.ts'), { serialization: 'advanced' });
  child.send({ settings, secrets });
  const [ports] = (await once(child, 'message')) as [Record<string, number>];
  return {
    ports,
    signal: (name) => void child.kill(name),
    async close() {
      const gone = once(child, 'exit');
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await gone;
    },
  };
};

/**
 * Two whole replicas of Njörðr, A and B, on one database and one Redis, each behind a wire that a test can cut.
 * @param apart gives B a process of its own
 */
export async function openReplicas(
  redisUrl: string,
  overrides: DeepPartial<NjordrSettings> = {},
  { apart = false }: { apart?: boolean } = {},
) {
  const database = await databases.create();
  const folder = await mkdtemp(join(tmpdir(), 'njordr-replicas-'));
  const keys = await generateSigningKeys();
  const files = { key: join(folder, 'key.json'), jwks: join(folder, 'jwks.json') };
  await writeFile(files.key, JSON.stringify(keys.privateJwk));
  await writeFile(files.jwks, JSON.stringify(keys.jwks));
  const minter = createTokenMinter({ privateJwk: keys.privateJwk, issuer: 'edda' });
  const heidrun = createFakeHeidrun(() => price);
  const peers = await startAllPeers(heidrun.handlers, createTokenVerifier({ jwksFile: files.jwks, issuer: 'edda' }));
  const redis = await startTcpProxy(redisUrl);
  const secrets = {
    ...{ DATABASE_URL: database.url, EDDA_SERVICE_KEY_FILE: files.key },
    NJORDR_RESULT_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
  };
  const pool = createPool({ url: database.url, name: 'test', max: 2, logger });
  const closing: (() => void)[] = [];
  /** One of each: a poll that opened connections of its own would crowd out what it waits for. */
  const known = new Map<string, Clients>();

  const replica = async (start: Start) => {
    const port = await freePort();
    const wire = await startTcpProxy(`tcp://127.0.0.1:${port}`);
    const address = `127.0.0.1:${wire.port}`;
    const started = await start(
      {
        ...{ grpc: { port }, operations: { port: 0 }, http: { port: 0 }, auth: { jwksFile: files.jwks } },
        peers: { heidrun: peers.address, nornen: peers.address, eikthyrnir: peers.address },
        providers: { retryIntervalMs: 100 },
        recovery: { leaseSeconds: 2, sweepIntervalMs: 100 },
        ...overrides,
        replicas: { address, heartbeatIntervalMs: 500, ...overrides.replicas },
      },
      secrets,
    );
    const metrics = async () => (await fetch(`http://127.0.0.1:${started.ports['operations']}/metrics`)).text();
    return {
      ...{ address, wire, metrics, signal: started.signal },
      /** It reaches nobody and nobody reaches it, as if it had been killed. */
      cut: () => wire.cut(),
      /** A gauge or counter without labels. */
      async metric(name: string) {
        return Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(await metrics())?.[1]);
      },
      async close() {
        await started.close();
        await wire.close();
      },
    };
  };
  const a = await replica(startHere);
  const b = await replica(apart ? startApart : startHere);
  const token = (subject: string, roles: readonly Role[], networkId: string) => {
    const minted = minter.mint({ subject, networkId, roles, ttlSeconds: 600 });
    return () => minted;
  };
  const opened = {
    ...{ a, b, pool, redis, heidrun: heidrun.state, received: peers.received },
    client(at: typeof a, subject = 'u1', roles: readonly Role[] = ['user'], networkId = 'net-1') {
      const name = [at.address, subject, networkId, ...roles].join(' ');
      const clients = known.get(name) ?? clientsOf(at.address, token(subject, roles, networkId));
      if (known.has(name)) return clients;
      known.set(name, clients);
      closing.push(() => Object.values(clients).forEach((client) => client.close()));
      return clients;
    },
    /** A listed provider whose device is connected to one of the replicas. */
    async agent(at: typeof a, deviceId: string, hello: Partial<njordr.Hello> = {}) {
      const agent = connectAgent(at.address, token(`owner-${deviceId}`, ['provider'], 'net-p'), deviceId);
      closing.push(() => agent.close());
      await agent.hello({
        models: [njordr.ModelOffer.fromPartial({ model: MODEL, contextLength: 4_096n })],
        sharing: njordr.SharingSettings.fromPartial({ scope: njordr.SharingScope.PUBLIC }),
        ...hello,
      });
      return agent;
    },
    /** Providers of the model that are there, as a replica sees them. */
    async eligible(at: typeof a): Promise<number> {
      const parameters = { model: MODEL, prompt: 'Say something.', maxOutputTokens: 50n };
      const request = njordr.QuoteRequestRequest.fromPartial({ parameters });
      const { eligible } = await opened
        .client(at)
        .compute.quoteRequest(request)
        .catch(() => ({ eligible: 0n }));
      return Number(eligible);
    },
    async listed(at: typeof a, count: number): Promise<void> {
      await waitFor(async () => (await opened.eligible(at)) === count, {
        what: `${count} providers`,
        timeoutMs: 20_000,
      });
    },
    async close() {
      for (const close of closing) close();
      redis.restore();
      await Promise.all([a.close(), b.close()]);
      await redis.close();
      await peers.close();
      await pool.end();
      await rm(folder, { recursive: true, force: true });
      await database.drop();
    },
  };
  return opened;
}

function clientsOf(address: string, token: () => Promise<string>) {
  const options = { address, token, logger, retries: false as const };
  return {
    compute: createGrpcClient(njordr.ComputeServiceService, options),
    providers: createGrpcClient(njordr.ProviderServiceService, options),
    replicas: createGrpcClient(njordr.ReplicaServiceService, options),
  };
}
type Clients = ReturnType<typeof clientsOf>;

export type OpenedReplicas = Awaited<ReturnType<typeof openReplicas>>;
