import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditTableSql } from '@edda/audit';
import { settings as contract } from '@edda/contracts';
import { createGrpcClient, createTokenMinter, generateSigningKeys, type Role } from '@edda/grpc-kit';
import { appendEvents, idempotencyTableSql, outboxTableSql } from '@edda/pg-kit';
import { createSettings, defineSettings } from '@edda/settings';
import { createMemoryLogger, systemClock } from '@edda/telemetry';
import { type TestDatabase } from '@edda/testing';
import type {} from '@edda/testing/redis-setup';
import { inject, onTestFinished } from 'vitest';
import { z } from 'zod';
import { openService } from '../open-service.ts';
import { serviceSettings } from '../service-settings.ts';
import { serveSettings, settingsRules } from './serve-settings.ts';
import { settingsTableSql } from './settings-table-sql.ts';

const schema = defineSettings({
  service: 'probe',
  shape: z.object({
    ...serviceSettings({ grpc: 50_999, operations: 9_999 }),
    holds: z
      .object({
        ttlSeconds: z
          .int()
          .min(1)
          .max(86_400)
          .default(900)
          .meta({ description: 'Life, s.', reload: 'live', example: 60 }),
        deadlineSeconds: z.int().min(1).default(600).meta({ description: 'Longest deadline, s.', reload: 'live' }),
        note: z.string().optional().meta({ description: 'Free text.', reload: 'live' }),
        models: z.array(z.string()).default([]).meta({ description: 'Models.', reload: 'live' }),
      })
      .prefault({}),
  }),
  crossCheck: ({ holds }) =>
    holds.deadlineSeconds > holds.ttlSeconds
      ? [{ field: 'holds.deadlineSeconds', description: 'must not exceed holds.ttlSeconds' }]
      : [],
});

/** Two replicas need it; undefined where there is no Redis. */
export const redisUrl = inject('redisUrl') || undefined;

const folder = mkdtempSync(join(tmpdir(), 'settings-service-'));
const { privateJwk, jwks } = await generateSigningKeys();
const file = (name: string, value: unknown) => {
  writeFileSync(join(folder, name), JSON.stringify(value));
  return join(folder, name);
};
const keyFile = file('key.json', privateJwk);
const jwksFile = file('jwks.json', jwks);
const migrationsDirectory = join(folder, 'migrations');
mkdirSync(join(migrationsDirectory, '20260101000000_first'), { recursive: true });
writeFileSync(
  join(migrationsDirectory, '20260101000000_first/migration.sql'),
  `${idempotencyTableSql} ${outboxTableSql} ${auditTableSql} ${settingsTableSql}`,
);
const minter = createTokenMinter({ privateJwk, issuer: 'edda' });
let files = 0;

export interface ProbeOptions {
  /** What the settings file holds at first; a replica without one has none. */
  settings?: object;
  ignoreOverrides?: boolean;
  ttlSeconds?: number;
}

export type Probe = Awaited<ReturnType<typeof startProbe>>;

/** A replica of a service with nothing but its settings, over a real socket; ends with the test. */
export async function startProbe(db: TestDatabase, options: ProbeOptions = {}) {
  const settingsFile = file(`probe-${files++}.json`, options.settings ?? {});
  const log = createMemoryLogger({ level: 'debug' });
  const settings = await createSettings({
    schema,
    file: settingsFile,
    overrides: { grpc: { port: 0 }, operations: { port: 0 }, auth: { jwksFile } },
    logger: log.logger,
  });
  const secrets = { DATABASE_URL: db.url, EDDA_SERVICE_KEY_FILE: keyFile, REDIS_URL: redisUrl };
  const { ignoreOverrides } = options;
  const base = await openService({
    ...{ name: 'probe', settings, secrets, migrationsDirectory, logger: log.logger, ignoreOverrides },
  });
  base.onClose('settings', () => settings.close());
  const served = await serveSettings(base, {
    ...{ settings, clock: systemClock },
    announce: (client, event) => appendEvents(client, [event]),
  });
  const ports = await base.serve({ services: [served.entry], rules: settingsRules });
  onTestFinished(() => base.close());
  const client = (roles: Role[], subject = 'ada', ttlSeconds = 300) => {
    const made = createGrpcClient(contract.SettingsServiceService, {
      address: `127.0.0.1:${ports.grpc}`,
      token: () => minter.mint({ subject, networkId: 'net', roles, ttlSeconds }),
      logger: log.logger,
      retries: false,
      breaker: false,
    });
    onTestFinished(() => made.close());
    return made;
  };
  return {
    ...{ base, settings, log, served, ports, client },
    admin: client(['admin']),
    write: (value: unknown) => writeFileSync(settingsFile, typeof value === 'string' ? value : JSON.stringify(value)),
    metrics: async () => (await fetch(`http://127.0.0.1:${ports.operations}/metrics`)).text(),
  };
}

let keys = 0;

/** An update with a fresh key; values as JavaScript has them, undefined to drop the override. */
export function update(
  values: Record<string, unknown>,
  more: Partial<contract.UpdateSettingsRequest> = {},
): contract.UpdateSettingsRequest {
  return {
    idempotencyKey: `update-${process.pid}-${keys++}`,
    changes: Object.entries(values).map(([path, value]) => ({
      path,
      valueJson: value === undefined ? undefined : JSON.stringify(value),
    })),
    expectedVersion: undefined,
    reason: 'a test',
    validateOnly: false,
    ...more,
  };
}

/** A setting of a snapshot. */
export const settingOf = (snapshot: contract.SettingsSnapshot | undefined, path: string) =>
  snapshot?.settings.find((setting) => setting.path === path);

export const valueOf = (snapshot: contract.SettingsSnapshot | undefined, path: string): unknown => {
  const json = settingOf(snapshot, path)?.valueJson;
  return json === undefined || json === '' ? undefined : (JSON.parse(json) as unknown);
};
