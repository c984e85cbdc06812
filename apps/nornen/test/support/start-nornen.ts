import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nornen } from '@edda/contracts';
import { createGrpcClient, createTokenMinter, generateSigningKeys, type Role, type RpcService } from '@edda/grpc-kit';
import { type DeepPartial } from '@edda/settings';
import { createTestDatabases, type TestDatabase } from '@edda/testing';
import { createMemoryLogger } from '@edda/telemetry';
import { inject, onTestFinished } from 'vitest';
import { run } from '../../src/run.ts';
import { type NornenSettings } from '../../src/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'nornen-'));
export const jwksFile = join(folder, 'jwks.json');
export const keyFile = join(folder, 'key.json');
const { privateJwk, jwks } = await generateSigningKeys();
writeFileSync(jwksFile, JSON.stringify(jwks));
writeFileSync(keyFile, JSON.stringify(privateJwk));
const minter = createTokenMinter({ privateJwk, issuer: 'edda' });

export const databases = createTestDatabases({
  migrationsDir: join(import.meta.dirname, '../../prisma/migrations'),
  name: 'nornen',
});

export interface Caller {
  roles: Role[];
  subject?: string;
  networkId?: string;
}

const njordr: Caller = { roles: ['service'], subject: 'njordr', networkId: 'edda' };

/** Nornen on free ports over a database of its own, or the given one; ends with the test. */
export async function startNornen(
  options: { db?: TestDatabase; settings?: DeepPartial<NornenSettings>; settingsFile?: string } = {},
) {
  const db = options.db ?? (await databases.create());
  const log = createMemoryLogger({ level: 'debug' });
  const service = await run({
    settings: { grpc: { port: 0 }, operations: { port: 0 }, auth: { jwksFile }, ...options.settings },
    ...(options.settingsFile !== undefined && { settingsFile: options.settingsFile }),
    secrets: { DATABASE_URL: db.url, EDDA_SERVICE_KEY_FILE: keyFile, REDIS_URL: inject('redisUrl') || undefined },
    logger: log.logger,
  });
  onTestFinished(() => service.close());
  const client = <const Definition extends RpcService>(definition: Definition, caller: Caller) => {
    const { roles, subject = 'user-1', networkId = 'net-1' } = caller;
    const made = createGrpcClient(definition, {
      address: `127.0.0.1:${service.ports['grpc']}`,
      token: () => minter.mint({ roles, subject, networkId, ttlSeconds: 60 }),
      logger: log.logger,
    });
    onTestFinished(() => made.close());
    return made;
  };
  return {
    ...{ db, log, service },
    decisions: (caller = njordr) => client(nornen.DecisionServiceService, caller),
    history: (caller = njordr) => client(nornen.HistoryServiceService, caller),
    client,
    metrics: async () => (await fetch(`http://127.0.0.1:${service.ports['operations']}/metrics`)).text(),
    readiness: () => fetch(`http://127.0.0.1:${service.ports['operations']}/readyz`),
  };
}
