import type {} from './postgres-setup.ts';
import { createHash, randomBytes } from 'node:crypto';
import { advisoryLocks, createPool, migrate, readMigrations } from '@edda/pg-kit';
import pg from 'pg';
import { inject } from 'vitest';
import { silentLogger } from './silent-logger.ts';

export interface TestDatabasesOptions {
  /** `prisma/migrations` of the service; without it, databases start empty. */
  migrationsDir?: string;
  /** Part of the databases' names: lower case letters, digits and underscores, at most 30. */
  name: string;
  /** A superuser's URL; by default that of globalSetup `@edda/testing/postgres-setup`. */
  adminUrl?: string;
}

export interface TestDatabase {
  url: string;
  /** Closed by `drop`. */
  pool: pg.Pool;
  drop: () => Promise<void>;
}

/**
 * Databases for tests: migrated once into a template per content of the migrations, then cloned in milliseconds.
 * Call `drop` (or the factory's `dropAll`) in afterEach or afterAll.
 */
export function createTestDatabases(options: TestDatabasesOptions): {
  create: () => Promise<TestDatabase>;
  dropAll: () => Promise<void>;
} {
  if (!/^[a-z0-9_]{1,30}$/.test(options.name)) throw new Error(`not usable in a database name: ${options.name}`);
  const adminUrl = options.adminUrl ?? inject('postgresAdminUrl');
  let template: Promise<string> | undefined;
  const open = new Set<TestDatabase>();
  return {
    async create() {
      template ??= ensureTemplate(adminUrl, options);
      const source = await template;
      const name = `test_${options.name}_${randomBytes(6).toString('hex')}`;
      await admin(adminUrl, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${source} STRATEGY FILE_COPY`));
      const url = withDatabase(adminUrl, name);
      const pool = createPool({ url, name, max: 10, logger: silentLogger });
      let dropped: Promise<void> | undefined;
      const database: TestDatabase = { url, pool, drop: () => (dropped ??= drop()) };
      const drop = async (): Promise<void> => {
        open.delete(database);
        await pool.end();
        await admin(adminUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
      };
      open.add(database);
      return database;
    },
    async dropAll() {
      await Promise.all([...open].map((database) => database.drop()));
    },
  };
}

async function ensureTemplate(adminUrl: string, { name, migrationsDir }: TestDatabasesOptions): Promise<string> {
  const migrations = migrationsDir === undefined ? [] : await readMigrations(migrationsDir);
  const content = migrations.map((migration) => `${migration.name} ${migration.checksum}`).join('\n');
  const template = `template_${name}_${createHash('sha256').update(content).digest('hex').slice(0, 12)}`;
  await admin(adminUrl, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLocks.testTemplates]);
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (rowCount) return;
    // Under a provisional name until complete: a run that dies halfway leaves no half-migrated template.
    const draft = `${template}_draft`;
    await client.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${draft}`);
    if (migrationsDir !== undefined) await migrateInto(withDatabase(adminUrl, draft), migrationsDir);
    await client.query(`ALTER DATABASE ${draft} RENAME TO ${template}`);
  });
  return template;
}

async function migrateInto(url: string, directory: string): Promise<void> {
  const pool = createPool({ url, name: 'template', max: 1, logger: silentLogger });
  try {
    await migrate({ pool, directory, logger: silentLogger });
  } finally {
    await pool.end();
  }
}

async function admin<T>(url: string, fn: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}

function withDatabase(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}
