import { createTestDatabases, type TestDatabase } from '@edda/testing';
import type {} from '@edda/testing/postgres-setup';
import { auditTableSql } from '../src/index.ts';

/** Databases with only the audit tables. */
export function auditDatabases(name: string): { create: () => Promise<TestDatabase>; dropAll: () => Promise<void> } {
  const databases = createTestDatabases({ name });
  return {
    async create() {
      const database = await databases.create();
      await database.pool.query(auditTableSql);
      return database;
    },
    dropAll: () => databases.dropAll(),
  };
}
