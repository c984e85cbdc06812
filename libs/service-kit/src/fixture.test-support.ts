import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditTableSql } from '@edda/audit';
import { generateSigningKeys } from '@edda/grpc-kit';
import { createSettings, type DeepPartial, defineSettings } from '@edda/settings';
import { createMemoryLogger } from '@edda/telemetry';
import type {} from '@edda/testing/postgres-setup';
import { z } from 'zod';
import { type OpenServiceOptions } from './open-service.ts';
import { serviceSettings, type ServiceSettings } from './service-settings.ts';

const schema = defineSettings({
  service: 'probe',
  shape: z.object(serviceSettings({ grpc: 50_999, operations: 9_999 })),
});

/** Everything `openService` needs, over a folder of its own. */
export async function prepareService(
  databaseUrl: string,
  change: DeepPartial<ServiceSettings> = {},
  redisUrl?: string,
) {
  const folder = mkdtempSync(join(tmpdir(), 'service-kit-'));
  const { privateJwk, jwks } = await generateSigningKeys();
  const file = (name: string, value: unknown) => {
    writeFileSync(join(folder, name), JSON.stringify(value));
    return join(folder, name);
  };
  const migrationsDirectory = join(folder, 'migrations');
  mkdirSync(join(migrationsDirectory, '20260101000000_first'), { recursive: true });
  const migration = join(migrationsDirectory, '20260101000000_first/migration.sql');
  writeFileSync(migration, `CREATE TABLE thing (id bigint PRIMARY KEY); ${auditTableSql}`);
  const log = createMemoryLogger();
  const overrides: DeepPartial<ServiceSettings> = {
    grpc: { port: 0 },
    operations: { port: 0 },
    auth: { jwksFile: file('jwks.json', jwks) },
    ...change,
  };
  const options: OpenServiceOptions<ServiceSettings> = {
    name: 'probe',
    settings: await createSettings({ schema, overrides }),
    secrets: { DATABASE_URL: databaseUrl, EDDA_SERVICE_KEY_FILE: file('key.json', privateJwk), REDIS_URL: redisUrl },
    migrationsDirectory,
    logger: log.logger,
  };
  return { options, log, migration, folder };
}
