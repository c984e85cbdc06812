import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { auditTableSql } from './audit-table-sql.ts';

const apps = join(import.meta.dirname, '../../../apps');

it.each(['njordr', 'heidrun', 'eikthyrnir', 'nornen'])(
  '%s has the audit tables as this library expects them',
  async (app) => {
    const path = join(apps, app, 'prisma/migrations/20261121000100_audit/migration.sql');
    expect(await readFile(path, 'utf8')).toContain(auditTableSql.trim());
  },
);
