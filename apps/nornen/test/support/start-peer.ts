import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditTableSql } from '@edda/audit';
import { idempotencyTableSql, outboxTableSql } from '@edda/pg-kit';
import { openService, serveSettings, serviceSettings, settingsRules, settingsTableSql } from '@edda/service-kit';
import { createSettings, defineSettings } from '@edda/settings';
import { silentLogger, systemClock } from '@edda/telemetry';
import { createTestDatabases } from '@edda/testing';
import { inject, onTestFinished } from 'vitest';
import { z } from 'zod';
import { jwksFile, keyFile } from './start-nornen.ts';

const migrationsDirectory = mkdtempSync(join(tmpdir(), 'nornen-peer-'));
mkdirSync(join(migrationsDirectory, '20260101000000_first'));
writeFileSync(
  join(migrationsDirectory, '20260101000000_first/migration.sql'),
  `${idempotencyTableSql} ${outboxTableSql} ${auditTableSql} ${settingsTableSql}`,
);

export const peerDatabases = createTestDatabases({ name: 'nornen_peer' });

const schema = (service: string) =>
  defineSettings({
    service,
    shape: z.object({
      ...serviceSettings({ grpc: 50_990, operations: 9_990 }),
      rate: z.int().min(1_000).max(1_500).default(1_200).meta({ description: 'Rate, bps.', reload: 'live' }),
    }),
  });

/** A service with a database and settings of its own and nothing else, as the others are built; ends with the test. */
export async function startPeer(service: 'njordr' | 'heidrun' | 'eikthyrnir') {
  const db = await peerDatabases.create();
  const overrides = { grpc: { port: 0 }, operations: { port: 0 }, auth: { jwksFile } };
  const settings = await createSettings({ schema: schema(service), overrides });
  const secrets = { DATABASE_URL: db.url, EDDA_SERVICE_KEY_FILE: keyFile, REDIS_URL: inject('redisUrl') || undefined };
  const base = await openService({ name: service, settings, secrets, migrationsDirectory, logger: silentLogger() });
  base.onClose('settings', () => settings.close());
  const served = await serveSettings(base, { settings, clock: systemClock });
  const { grpc } = await base.serve({ services: [served.entry, base.audit.service], rules: settingsRulesAndAudit });
  onTestFinished(() => base.close());
  const versions = async () =>
    (
      await db.pool.query<Record<string, unknown>>(
        `SELECT version, overrides, reason, actor, on_behalf_of AS "onBehalfOf", network_id AS "networkId"
         FROM settings_versions ORDER BY version`,
      )
    ).rows;
  return { db, settings, versions, address: `127.0.0.1:${grpc}`, close: () => base.close() };
}

const settingsRulesAndAudit = {
  ...settingsRules,
  '/edda.audit.v1.AuditService/ListAuditRecords': { roles: ['admin'] },
  '/edda.audit.v1.AuditService/VerifyAudit': { roles: ['admin'] },
} as const;
