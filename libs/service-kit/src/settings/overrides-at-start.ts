import { createPool, type KitLogger } from '@edda/pg-kit';
import { newestOverrides, type StoredOverrides } from './override-store.ts';

/**
 * The stored overrides before anything is built, over a connection of its own: they may hold the pool's own size. A
 * database that was never migrated has none.
 * @throws when the database cannot be reached
 */
export async function overridesAtStart(options: {
  url: string;
  name: string;
  logger: KitLogger;
}): Promise<StoredOverrides> {
  const pool = createPool({ ...options, max: 1 });
  try {
    const client = await pool.connect();
    try {
      const { rows } = await client.query<{ known: boolean }>(
        `SELECT to_regclass('settings_versions') IS NOT NULL AS known`,
      );
      return rows[0]?.known === true ? await newestOverrides(client) : { version: 0n, overrides: {} };
    } finally {
      client.release();
    }
  } finally {
    await pool.end();
  }
}
