import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as contracts from '@edda/contracts';
import { mutations } from '@edda/contracts/test/mutations';
import { createGrpcClient, createTokenMinter, generateSigningKeys, type Role, type RpcService } from '@edda/grpc-kit';
import { silentLogger } from '@edda/telemetry';
import { assertOneEffect, assertUnimplemented, freePort, settingsMutations, waitFor } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../src/run.ts';
import { rules } from '../src/rules.ts';
import { computeMutations } from './support/compute-mutations.ts';
import { databases, type Market, openMarket } from './support/open-market.ts';
import { openRequests, type OpenedRequests } from './support/open-requests.ts';
import { providerMutations } from './support/provider-mutations.ts';
import { helloOf } from './support/test-agent.ts';

/** A stream without keys: a Hello names its device, and a later one takes the line over, see below. */
const keyless = 'njordr.v1.ProviderLink/Connect';
/** Between replicas: a repeated job is the same job, which takes the line's place of the first, see link.test.ts. */
const internal = 'njordr.v1.ReplicaService/RunJob';
const own = mutations.filter(
  (name) => /^(njordr|settings|audit)\./.test(name) && name !== keyless && name !== internal,
);
const implemented = [...Object.keys(providerMutations), ...Object.keys(computeMutations)];

describe('every mutation about providers, called 100 times at once with one key', () => {
  let market: Market;
  // What goes on in the background is done when it is asked for, not by the clock.
  beforeAll(async () => void (market = await openMarket({ providers: { retryIntervalMs: 60_000 } })));
  afterAll(() => market.close());

  it.each(Object.entries(providerMutations))('%s has one effect', async (_, row) => {
    await assertOneEffect({ pool: market.pool, prepare: () => row(market) });
  });

  it(`${keyless}: a device that introduces itself over 20 streams at once is registered once`, async () => {
    const deviceId = randomUUID();
    const agents = Array.from({ length: 20 }, () => market.agent(deviceId));
    for (const agent of agents) agent.send({ $case: 'hello', value: helloOf(deviceId) });
    const ids = () => new Set(agents.map(({ providerId }) => providerId));
    await waitFor(() => agents.every(({ received }) => received.length > 0));
    const rejected = agents.flatMap(({ received }) => received.filter(({ body }) => body?.$case === 'rejected'));
    expect(rejected.filter(({ body }) => !JSON.stringify(body).includes('CONNECTION_REPLACED'))).toEqual([]);
    expect(ids().size).toBe(1);
    const { rows } = await market.pool.query('SELECT provider_id FROM providers WHERE device_id = $1', [deviceId]);
    expect(rows).toEqual([{ provider_id: [...ids()][0] }]);
    const registered = `SELECT sequence FROM outbox_events WHERE subject = $1 AND type LIKE '%registered'`;
    expect((await market.pool.query(registered, [`provider:${[...ids()][0]}`])).rowCount).toBe(1);
  });
});

describe('every mutation about requests, called 100 times at once with one key', () => {
  let open: OpenedRequests;
  beforeAll(async () => void (open = await openRequests()));
  afterAll(() => open.close());

  it.each(Object.entries(computeMutations))('%s has one effect', async (_, row) => {
    await assertOneEffect({ pool: open.pool, prepare: () => row(open) });
  });
});

describe('every other mutation', () => {
  it('is a mutation of the contract, and none is tested twice', () => {
    expect(own).toEqual(expect.arrayContaining(implemented));
    expect(new Set(implemented).size).toBe(implemented.length);
  });

  it('has one effect where every service has it, or is not there yet', async () => {
    const packages = [contracts.njordr, contracts.settings, contracts.audit];
    const service = await startNjordr();
    try {
      for (const mutation of own.filter((name) => !implemented.includes(name))) {
        const { roles, subjects } = rules[`/edda.${mutation}`]!;
        const client = (definition: object) =>
          service.client(definition as RpcService, roles[0]!, subjects?.[0] ?? 'someone');
        const admin = service.client(contracts.settings.SettingsServiceService, 'admin', 'admin');
        const prepare = settingsMutations(admin)[mutation];
        if (prepare !== undefined) await assertOneEffect({ pool: service.pool, prepare });
        else await assertUnimplemented({ packages, mutation, client });
      }
    } finally {
      await service.close();
    }
  });
});

/** The whole service, its peers unreachable. */
async function startNjordr() {
  const database = await databases.create();
  const folder = await mkdtemp(join(tmpdir(), 'njordr-mutations-'));
  const { privateJwk, jwks } = await generateSigningKeys();
  const files = { key: join(folder, 'key.json'), jwks: join(folder, 'jwks.json') };
  await writeFile(files.key, JSON.stringify(privateJwk));
  await writeFile(files.jwks, JSON.stringify(jwks));
  const nobody = `127.0.0.1:${await freePort()}`;
  const service = await run({
    settings: {
      ...{ grpc: { port: 0 }, operations: { port: 0 }, http: { port: 0 }, auth: { jwksFile: files.jwks } },
      peers: { heidrun: nobody, nornen: nobody, eikthyrnir: nobody },
    },
    secrets: {
      ...{ DATABASE_URL: database.url, EDDA_SERVICE_KEY_FILE: files.key },
      NJORDR_RESULT_KEYS: `k:${randomBytes(32).toString('base64')}`,
    },
    logger: silentLogger(),
  });
  const minter = createTokenMinter({ privateJwk, issuer: 'edda' });
  const clients: { close(): void }[] = [];
  return {
    pool: database.pool,
    client<const Service extends RpcService>(definition: Service, role: Role, subject: string) {
      const made = createGrpcClient(definition, {
        address: `127.0.0.1:${service.ports['grpc']}`,
        token: () => minter.mint({ subject, networkId: 'net-1', roles: [role], ttlSeconds: 60 }),
        logger: silentLogger(),
        retries: false,
      });
      clients.push(made);
      return made;
    },
    async close() {
      for (const client of clients) client.close();
      await service.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
