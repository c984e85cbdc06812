import { randomBytes } from 'node:crypto';
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

/** Two whole replicas of Njörðr, A and B, on one database and one Redis, each behind a wire that a test can cut. */
export async function openReplicas(redisUrl: string, overrides: DeepPartial<NjordrSettings> = {}) {
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

  const replica = async () => {
    const port = await freePort();
    const wire = await startTcpProxy(`tcp://127.0.0.1:${port}`);
    const address = `127.0.0.1:${wire.port}`;
    const service = await run({
      settings: {
        ...{ grpc: { port }, operations: { port: 0 }, http: { port: 0 }, auth: { jwksFile: files.jwks } },
        peers: { heidrun: peers.address, nornen: peers.address, eikthyrnir: peers.address },
        providers: { retryIntervalMs: 100 },
        recovery: { leaseSeconds: 2, sweepIntervalMs: 100 },
        ...overrides,
        replicas: { address, heartbeatIntervalMs: 500, ...overrides.replicas },
      },
      ...{ secrets, logger, random: () => 0.99 },
    });
    const metrics = async () => (await fetch(`http://127.0.0.1:${service.ports['operations']}/metrics`)).text();
    return {
      ...{ address, wire, metrics },
      /** It reaches nobody and nobody reaches it, as if it had been killed. */
      cut: () => wire.cut(),
      /** A gauge or counter without labels. */
      async metric(name: string) {
        return Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(await metrics())?.[1]);
      },
      async close() {
        await service.close();
        await wire.close();
      },
    };
  };
  const a = await replica();
  const b = await replica();
  const token = (subject: string, roles: readonly Role[], networkId: string) => {
    const minted = minter.mint({ subject, networkId, roles, ttlSeconds: 600 });
    return () => minted;
  };
  const opened = {
    ...{ a, b, pool, redis, heidrun: heidrun.state, received: peers.received },
    client(at: typeof a, subject = 'u1', roles: readonly Role[] = ['user'], networkId = 'net-1') {
      const options = { address: at.address, token: token(subject, roles, networkId), logger, retries: false as const };
      const clients = {
        compute: createGrpcClient(njordr.ComputeServiceService, options),
        providers: createGrpcClient(njordr.ProviderServiceService, options),
        replicas: createGrpcClient(njordr.ReplicaServiceService, options),
      };
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

export type OpenedReplicas = Awaited<ReturnType<typeof openReplicas>>;
