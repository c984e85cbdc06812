import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { auditTables } from '@edda/audit';
import { idempotencyTables, idempotencyTableSql, outboxTables, outboxTableSql } from '@edda/pg-kit';
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
  const sql = await readFile(join(prisma, 'migrations/20261121000010_providers/migration.sql'), 'utf8');
  expect(sql).toContain(outboxTableSql.trim());
  expect(sql).toContain(idempotencyTableSql.trim());
});
