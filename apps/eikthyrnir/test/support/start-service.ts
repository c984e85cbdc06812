import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eikthyrnir, njordr } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import {
  createGrpcClient,
  createGrpcServer,
  createTokenMinter,
  createTokenVerifier,
  generateSigningKeys,
  implement,
  type Role,
} from '@edda/grpc-kit';
import { createTestDatabases } from '@edda/testing';
import { createMetrics, silentLogger } from '@edda/telemetry';
import type {} from '@edda/testing/redis-setup';
import { inject } from 'vitest';
import { run, type RunOptions } from '../../src/run.ts';

export const databases = createTestDatabases({
  name: 'eikthyrnir',
  migrationsDir: join(import.meta.dirname, '../../prisma/migrations'),
});

const { privateJwk, jwks } = await generateSigningKeys();
const directory = mkdtempSync(join(tmpdir(), 'eikthyrnir-'));
const keyFile = join(directory, 'key.json');
const jwksFile = join(directory, 'jwks.json');
writeFileSync(keyFile, JSON.stringify(privateJwk));
writeFileSync(jwksFile, JSON.stringify(jwks));
const minter = createTokenMinter({ privateJwk, issuer: 'edda' });

export const tokenFor =
  (role: Role, subject: string = role, networkId = 'net-1') =>
  () =>
    minter.mint({ subject, networkId, roles: [role], ttlSeconds: 300 });

/** The service over a real socket on the given database. */
export async function startService(url: string, settings: RunOptions['settings'] = {}, settingsFile?: string) {
  const service = await run({
    settings: { grpc: { port: 0 }, operations: { port: 0 }, auth: { jwksFile }, ...settings },
    ...(settingsFile !== undefined && { settingsFile }),
    secrets: { DATABASE_URL: url, EDDA_SERVICE_KEY_FILE: keyFile, REDIS_URL: inject('redisUrl') || undefined },
    logger: silentLogger(),
  });
  const clients: { close: () => void }[] = [];
  const client = (role: Role, subject?: string, networkId?: string) => {
    const made = createGrpcClient(eikthyrnir.QualityServiceService, {
      address: `127.0.0.1:${service.ports['grpc']}`,
      token: tokenFor(role, subject, networkId),
      logger: silentLogger(),
      retries: false,
    });
    clients.push(made);
    return made;
  };
  return {
    service,
    client,
    async close() {
      for (const made of clients) made.close();
      await service.close();
    },
  };
}

/** A neighbour that knows one provider, `p-own` of owner-1 in net-1, and shows owners only to themselves. */
export async function startProviders() {
  const service = implement(njordr.ProviderServiceService, {
    getProvider: async ({ providerId }, { identity }) => {
      if (providerId !== 'p-own') throw commonFaults.NOT_FOUND('No such provider.');
      const own = identity.subject === 'owner-1' && identity.networkId === 'net-1';
      return njordr.GetProviderResponse.fromPartial({
        provider: { providerId, ...(own && { ownerId: 'owner-1', networkId: 'net-1' }) },
      });
    },
  });
  const server = createGrpcServer({
    service: 'providers',
    services: [service],
    rules: { '/edda.njordr.v1.ProviderService/GetProvider': { roles: ['service'] } },
    auth: createTokenVerifier({ jwksFile, issuer: 'edda' }),
    logger: silentLogger(),
    metrics: createMetrics({ service: 'providers', processMetrics: false }),
  });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  return { address: `127.0.0.1:${port}`, close: () => server.close({ graceMs: 0 }) };
}

let sequence = 0;

/** An observation of now, with a fresh id. */
export function observed(given: Parameters<typeof eikthyrnir.Observation.fromPartial>[0] = {}): eikthyrnir.Observation {
  return eikthyrnir.Observation.fromPartial({
    observationId: `o-${process.pid}-${sequence++}`,
    providerId: 'p-1',
    model: 'm-1',
    requestId: 'r-1',
    occurredAt: new Date(),
    outcome: eikthyrnir.ObservationOutcome.SUCCESS,
    durationMs: 900n,
    outputTokens: 40n,
    attempt: 1,
    ...given,
  });
}
