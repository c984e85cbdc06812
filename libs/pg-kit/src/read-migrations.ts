import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pgKitFaults } from './faults.ts';

export interface Migration {
  /** The folder's name, `<timestamp>_<name>`. */
  name: string;
  sql: string;
  /** SHA-256 of the file, lower-case hex. */
  checksum: string;
}

const FOLDER = /^\d{14}_[a-z0-9_]+$/;

/**
 * Reads a Prisma migrations folder, sorted by name.
 * @throws MIGRATION_MISSING when the folder does not exist, holds no migration, or one without `migration.sql`
 */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    throw pgKitFaults.MIGRATION_MISSING(`There is no migrations folder at ${directory}.`, { cause });
  });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const odd = names.find((name) => !FOLDER.test(name));
  if (odd !== undefined) {
    throw pgKitFaults.MIGRATION_MISSING(`${odd} is not named <14-digit timestamp>_<name> (lower case).`);
  }
  if (names.length === 0) throw pgKitFaults.MIGRATION_MISSING(`There is no migration in ${directory}.`);
  return Promise.all(names.sort().map((name) => readMigration(directory, name)));
}

async function readMigration(directory: string, name: string): Promise<Migration> {
  const file = join(directory, name, 'migration.sql');
  const sql = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw pgKitFaults.MIGRATION_MISSING(`Migration ${name} has no migration.sql.`, { cause });
  });
  return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
}
