import { type Pool } from 'pg';

/** Runs SQL as one who owns the database: triggers off, as a superuser can. */
export async function tamper(pool: Pool, sql: string, values: unknown[] = []): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('SET session_replication_role = replica');
    await client.query(sql, values);
  } finally {
    client.release(true);
  }
}
