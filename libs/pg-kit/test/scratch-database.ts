import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { createPool } from '../src/index.ts';
import { quiet } from './quiet.ts';

/** An empty database of its own, with `sql` applied. */
export async function scratchDatabase(
  sql = 'SELECT 1',
  max = 10,
  pipeline = false,
): Promise<{ pool: pg.Pool; drop(): Promise<void> }> {
  const adminUrl = inject('pgKitAdminUrl');
  const name = `scratch_${randomBytes(6).toString('hex')}`;
  await run(adminUrl, `CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const pool = createPool({ url: url.href, name, max, pipeline, logger: quiet });
  await pool.query(sql);
  return {
    pool,
    async drop() {
      await pool.end();
      await run(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function run(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(sql);
  await client.end();
}
