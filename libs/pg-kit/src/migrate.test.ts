import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quiet } from '../test/quiet.ts';
import { scratchDatabase } from '../test/scratch-database.ts';
import { migrate } from './migrate.ts';

describe('migrate', () => {
  let db: Awaited<ReturnType<typeof scratchDatabase>>;
  let directory: string;
  const write = async (name: string, sql: string): Promise<void> => {
    await mkdir(join(directory, name), { recursive: true });
    await writeFile(join(directory, name, 'migration.sql'), sql);
  };
  const run = (): Promise<string[]> => migrate({ pool: db.pool, directory, logger: quiet });

  beforeEach(async () => {
    db = await scratchDatabase();
    directory = await mkdtemp(join(tmpdir(), 'edda-migrate-'));
    await writeFile(join(directory, 'migration_lock.toml'), 'provider = "postgresql"');
    await write('20260101000000_a', 'CREATE TABLE a (id int); INSERT INTO a VALUES (1);');
  });
  afterEach(async () => {
    await db.drop();
    await rm(directory, { recursive: true });
  });

  it('applies in order what is not applied yet, once', async () => {
    await write('20260102000000_b', 'ALTER TABLE a ADD b int;');
    expect(await run()).toEqual(['20260101000000_a', '20260102000000_b']);
    expect(await run()).toEqual([]);
    expect((await db.pool.query('SELECT * FROM a')).rows).toEqual([{ id: 1, b: null }]);
  });

  it('lets concurrent migrators wait for each other', async () => {
    const applied = await Promise.all([run(), run(), run()]);
    expect(applied.flat()).toEqual(['20260101000000_a']);
  });

  it('rolls a failing migration back whole and keeps the ones before', async () => {
    await write('20260102000000_b', 'CREATE TABLE b (id int); SELECT 1 / 0;');
    await expect(run()).rejects.toMatchObject({
      reason: 'MIGRATION_FAILED',
      metadata: { migration: '20260102000000_b' },
    });
    const { rows } = await db.pool.query(`SELECT to_regclass('a') IS NOT NULL AS a, to_regclass('b') IS NOT NULL AS b`);
    expect(rows).toEqual([{ a: true, b: false }]);
  });

  it('refuses an edited migration', async () => {
    await run();
    await write('20260101000000_a', 'CREATE TABLE a (id bigint);');
    await expect(run()).rejects.toMatchObject({ reason: 'MIGRATION_EDITED' });
  });

  it('refuses a database with a migration that is gone', async () => {
    await write('20260102000000_b', 'SELECT 1');
    await run();
    await rm(join(directory, '20260102000000_b'), { recursive: true });
    await expect(run()).rejects.toMatchObject({ reason: 'MIGRATION_MISSING' });
  });

  it('refuses a new migration that sorts before an applied one', async () => {
    await run();
    await write('20250101000000_early', 'SELECT 1');
    await expect(run()).rejects.toMatchObject({ reason: 'MIGRATION_OUT_OF_ORDER' });
  });

  it('refuses a folder it cannot order', async () => {
    await write('init', 'SELECT 1');
    await expect(run()).rejects.toThrow('init is not named');
  });
});
