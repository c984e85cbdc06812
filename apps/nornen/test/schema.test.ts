import { join } from 'node:path';
import { auditTables } from '@edda/audit';
import { idempotencyTables } from '@edda/pg-kit';
import { settingsTables } from '@edda/service-kit';
import { prismaSchemaDrift } from '@edda/testing';
import { afterAll, expect, it } from 'vitest';
import { databases } from './support/start-nornen.ts';

afterAll(() => databases.dropAll());

it('schema.prisma matches the migrated database', async () => {
  const { pool } = await databases.create();
  const schemaPath = join(import.meta.dirname, '../prisma/schema.prisma');
  expect(
    await prismaSchemaDrift({ schemaPath, pool, ignore: [...idempotencyTables, ...auditTables, ...settingsTables] }),
  ).toEqual([]);
});
