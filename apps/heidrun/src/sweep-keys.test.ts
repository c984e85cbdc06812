import { createTestDatabases } from '@edda/testing';
import { afterAll, expect, it } from 'vitest';
import { sweepKeys } from './sweep-keys.ts';

const databases = createTestDatabases({
  name: 'heidrun_keys',
  migrationsDir: `${import.meta.dirname}/../prisma/migrations`,
});
afterAll(() => databases.dropAll());

it('Idempotency: one sweep deletes all keys past their 7 days, however many, and no other', async () => {
  const { pool } = await databases.create();
  await pool.query(
    `INSERT INTO idempotency_keys (tenant, caller, method, key, request_hash, expires_at)
     SELECT 't', 'c', 'm', n::text, '', timestamptz '2026-01-01 00:00:00Z' + CASE n WHEN 0 THEN interval '1 ms' ELSE interval '0' END
     FROM generate_series(0, 20001) n`,
  );
  await sweepKeys(pool, new Date('2026-01-01T00:00:00Z'));
  expect((await pool.query('SELECT key FROM idempotency_keys')).rows).toEqual([{ key: '0' }]);
});
