import { type Pool, type PoolClient } from 'pg';
import { advisoryLocks } from './advisory-locks.ts';
import { pgKitFaults } from './faults.ts';
import { type KitLogger } from './kit-logger.ts';
import { type Migration, readMigrations } from './read-migrations.ts';

/** Where applied migrations are recorded, in each database's default schema. */
export const MIGRATIONS_TABLE = 'edda_migrations';

export interface MigrateOptions {
  pool: Pool;
  /** `prisma/migrations`: one folder `<timestamp>_<name>` with a `migration.sql` each. */
  directory: string;
  logger: KitLogger;
}

/**
 * Applies the migrations that the database does not have yet, forward only, in name order, each in a transaction of
 * its own (so no CREATE INDEX CONCURRENTLY). Concurrent callers wait for each other on an advisory lock.
 * @returns the names applied by this call
 * @throws MIGRATION_EDITED, MIGRATION_MISSING, MIGRATION_OUT_OF_ORDER before anything is applied; MIGRATION_FAILED
 */
export async function migrate({ pool, directory, logger }: MigrateOptions): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const client = await pool.connect();
  try {
    // Waiting for another migrator, and a migration itself, may take longer than an ordinary statement.
    await client.query('SET statement_timeout = 0');
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLocks.migrations]);
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${MIGRATIONS_TABLE} (
         name text PRIMARY KEY,
         checksum text NOT NULL,
         applied_at timestamptz NOT NULL DEFAULT now()
       )`,
    );
    const due = await outstanding(client, migrations);
    for (const migration of due) {
      await apply(client, migration);
      logger.info({ migration: migration.name }, 'migration applied');
    }
    return due.map(({ name }) => name);
  } finally {
    // Closing the session releases the lock and the changed timeout, whatever state it is in.
    client.release(true);
  }
}

async function outstanding(client: PoolClient, migrations: readonly Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    `SELECT name, checksum FROM ${MIGRATIONS_TABLE} ORDER BY name`,
  );
  const byName = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const { name, checksum } of rows) {
    const migration = byName.get(name);
    const metadata = { migration: name };
    if (!migration)
      throw pgKitFaults.MIGRATION_MISSING(`The database has migration ${name}; its file is gone.`, { metadata });
    if (migration.checksum !== checksum) {
      throw pgKitFaults.MIGRATION_EDITED(`Migration ${name} was edited after it had been applied.`, { metadata });
    }
  }
  const applied = new Set(rows.map(({ name }) => name));
  const last = rows.at(-1)?.name ?? '';
  const due = migrations.filter(({ name }) => !applied.has(name));
  const late = due.find(({ name }) => name < last);
  if (late) {
    throw pgKitFaults.MIGRATION_OUT_OF_ORDER(`Migration ${late.name} sorts before ${last}, which is already applied.`, {
      metadata: { migration: late.name },
    });
  }
  return due;
}

async function apply(client: PoolClient, { name, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    await client.query(sql);
    await client.query(`INSERT INTO ${MIGRATIONS_TABLE} (name, checksum) VALUES ($1, $2)`, [name, checksum]);
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => undefined);
    const text = cause instanceof Error ? cause.message : String(cause);
    throw pgKitFaults.MIGRATION_FAILED(`Migration ${name} failed: ${text}`, { cause, metadata: { migration: name } });
  }
}
