import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { auditTables } from '@edda/audit';
import { idempotencyTables, idempotencyTableSql, outboxTables, outboxTableSteps } from '@edda/pg-kit';
import { settingsTables } from '@edda/service-kit';
import { createTestDatabases, prismaSchemaDrift } from '@edda/testing';
import { afterAll, expect, it } from 'vitest';

const prisma = join(import.meta.dirname, '../prisma');
const databases = createTestDatabases({ migrationsDir: join(prisma, 'migrations'), name: 'njordr_schema' });
afterAll(() => databases.dropAll());

it('schema.prisma is what the migrations make', async () => {
  const { pool } = await databases.create();
  const schemaPath = join(prisma, 'schema.prisma');
  const ignore = [...outboxTables, ...idempotencyTables, ...auditTables, ...settingsTables];
  expect(await prismaSchemaDrift({ schemaPath, pool, ignore })).toEqual([]);
});

it('the outbox and the idempotency store are as the kit expects them', async () => {
  const migration = (name: string) => readFile(join(prisma, 'migrations', name, 'migration.sql'), 'utf8');
  const sql = await migration('20261121000010_providers');
  const [created, traced] = outboxTableSteps;
  expect(sql).toContain(created.trim());
  expect(await migration('20261121000300_outbox_traces')).toContain(traced.trim());
  expect(sql).toContain(idempotencyTableSql.trim());
});
