import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pgKitFaults } from '../faults.ts';
import { type EmbeddedBinaries } from './embedded-binaries.ts';
import { serverEnvironment } from './server-environment.ts';
import { type ServerIdentity } from './server-identity.ts';

const run = promisify(execFile);
const MAJOR_VERSION = '18';

/**
 * Creates the cluster in `<home>/cluster` unless it is there, and returns the superuser's password, which lives
 * beside it in `<home>/superuser.password` (mode 0600). An interrupted initdb leaves nothing half-made behind.
 * @throws EMBEDDED_POSTGRES_UNSUPPORTED when the cluster is of another major version or its password is lost
 */
export async function initCluster(home: string, binaries: EmbeddedBinaries, identity: ServerIdentity): Promise<string> {
  const cluster = join(home, 'cluster');
  const passwordFile = join(home, 'superuser.password');
  const version = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version !== undefined) {
    if (version.trim() !== MAJOR_VERSION) {
      throw pgKitFaults.EMBEDDED_POSTGRES_UNSUPPORTED(
        `${cluster} belongs to PostgreSQL ${version.trim()}; this needs ${MAJOR_VERSION}. Dump and restore it, or remove it.`,
      );
    }
    return readPassword(passwordFile, cluster);
  }
  const password = randomBytes(24).toString('base64url');
  await writeFile(passwordFile, password, { mode: 0o600 });
  await chmod(passwordFile, 0o600);
  const fresh = join(home, 'cluster.new');
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  await give(fresh, identity);
  await initialise(fresh, join(home, 'initdb.password'), password, binaries, identity);
  await rename(fresh, cluster);
  return password;
}

async function initialise(
  fresh: string,
  pwfile: string,
  password: string,
  binaries: EmbeddedBinaries,
  identity: ServerIdentity,
): Promise<void> {
  await rm(pwfile, { force: true });
  await writeFile(pwfile, `${password}\n`, { mode: 0o600 });
  await give(pwfile, identity);
  const flags = [
    `--pgdata=${fresh}`,
    `--pwfile=${pwfile}`,
    '--username=postgres',
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // The built-in provider sorts the same on every machine, whatever locales the system has.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ];
  try {
    await run(binaries.initdb, flags, { ...identity, env: serverEnvironment(), cwd: '/' });
  } catch (cause) {
    throw pgKitFaults.EMBEDDED_POSTGRES_FAILED('initdb could not create the cluster.', { cause });
  } finally {
    await rm(pwfile, { force: true });
  }
}

async function give(path: string, identity: ServerIdentity): Promise<void> {
  if (identity) await chown(path, identity.uid, identity.gid);
}

async function readPassword(file: string, cluster: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw pgKitFaults.EMBEDDED_POSTGRES_UNSUPPORTED(`The superuser's password for ${cluster} is lost (${file}).`, {
      cause,
    });
  }
}
