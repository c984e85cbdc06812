import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createTestDatabases } from './create-test-databases.ts';

describe('createTestDatabases', () => {
  let migrationsDir: string;

  beforeAll(async () => {
    migrationsDir = await mkdtemp(join(tmpdir(), 'edda-migrations-'));
    const folder = join(migrationsDir, '20260101000000_first');
    await mkdir(folder);
    await writeFile(join(folder, 'migration.sql'), 'CREATE TABLE thing (id bigint PRIMARY KEY)');
  });
  afterAll(() => rm(migrationsDir, { recursive: true }));

  it('gives each test a migrated database of its own', async () => {
    const databases = createTestDatabases({ migrationsDir, name: 'own' });
    const [a, b] = await Promise.all([databases.create(), databases.create()]);
    await a.pool.query('INSERT INTO thing VALUES (1)');
    expect((await a.pool.query('SELECT * FROM thing')).rows).toEqual([{ id: 1n }]);
    expect((await b.pool.query('SELECT * FROM thing')).rows).toEqual([]);
    await databases.dropAll();
    const left = createTestDatabases({ name: 'probe' });
    const probe = await left.create();
    const { rows } = await probe.pool.query("SELECT datname FROM pg_database WHERE datname LIKE 'test_own_%'");
    expect(rows).toEqual([]);
    await left.dropAll();
  });

  it('migrates a template once, however many workers ask at the same time', async () => {
    const many = Array.from({ length: 6 }, () => createTestDatabases({ migrationsDir, name: 'parallel' }));
    const created = await Promise.all(many.map((databases) => databases.create()));
    const { rows } = await created[0]!.pool.query(
      "SELECT count(*) AS templates FROM pg_database WHERE datname LIKE 'template_parallel_%'",
    );
    expect(rows).toEqual([{ templates: 1n }]);
    await Promise.all(created.map((database) => database.drop()));
  });

  it('refuses a name that would need quoting', () => {
    expect(() => createTestDatabases({ name: 'x"; DROP', adminUrl: inject('postgresAdminUrl') })).toThrow('not usable');
  });
});
