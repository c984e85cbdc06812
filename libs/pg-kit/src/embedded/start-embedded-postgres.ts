import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KitLogger } from '../kit-logger.ts';
import { clearLeftoverPostmaster } from './clear-leftover-postmaster.ts';
import { lockDataDir } from './data-dir-lock.ts';
import { embeddedBinaries } from './embedded-binaries.ts';
import { ensureDatabase, rolePassword } from './ensure-database.ts';
import { freePort } from './free-port.ts';
import { initCluster } from './init-cluster.ts';
import { launchPostmaster, type LaunchOptions } from './launch-postmaster.ts';
import { endPostmaster } from './processes.ts';
import { assertReachable, serverIdentity } from './server-identity.ts';

export interface EmbeddedPostgresOptions {
  /** Holds the cluster, its password, lock and log; created if missing. */
  dataDir: string;
  /** 127.0.0.1 only; a free one is chosen when absent. */
  port?: number;
  logger: KitLogger;
  /** Server settings, as in postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  readonly port: number;
  /** The postmaster's process id. */
  readonly pid: number;
  /** Superuser on the database `postgres`; holds the password, so keep it out of logs. */
  readonly superuserUrl: string;
  /** Resolves when the server ended, whether by `stop` or on its own. */
  readonly exited: Promise<void>;
  /** Makes sure of a role and a database it owns; answers the URL to connect with. The password is kept stable. */
  ensureDatabase(name: string, role: string, password?: string): Promise<string>;
  /** Fast shutdown: open transactions roll back, the data is flushed. May be called repeatedly. */
  stop(): Promise<void>;
}

/**
 * Runs a real PostgreSQL 18 on this machine. Leftovers of a killed launcher are cleared first. No signal handler
 * is installed: whoever starts the server stops it, after everything that uses it.
 * @throws EMBEDDED_POSTGRES_UNSUPPORTED, EMBEDDED_POSTGRES_IN_USE, EMBEDDED_POSTGRES_FAILED
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const home = resolve(options.dataDir);
  const [binaries, identity] = await Promise.all([embeddedBinaries(), serverIdentity()]);
  await mkdir(home, { recursive: true });
  // The server's user must pass through; what is secret in here has a mode of its own.
  if (identity) await chmod(home, 0o711);
  await Promise.all([binaries.postgres, join(home, 'cluster')].map((path) => assertReachable(path, identity)));
  const unlock = await lockDataDir(join(home, 'launcher.lock'));
  try {
    await clearLeftoverPostmaster(join(home, 'cluster'), options.logger);
    const password = await initCluster(home, binaries, identity);
    const launch = { postgres: binaries.postgres, home, identity, settings: options.settings ?? {} };
    const { child, port } = await launchWithRetries(launch, password, options.port);
    options.logger.info({ port, pid: child.pid, dataDir: home }, 'embedded PostgreSQL is up');
    return handle(child, port, password, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

/**
 * Two failures go away by themselves: a free port taken in between, and backends of a killed postmaster that
 * still hold its shared memory for a moment.
 */
async function launchWithRetries(
  launch: Omit<LaunchOptions, 'port' | 'superuserUrl'>,
  password: string,
  wantedPort: number | undefined,
): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = wantedPort ?? (await freePort());
    try {
      const superuserUrl = urlFor('postgres', password, port, 'postgres');
      return { child: await launchPostmaster({ ...launch, port, superuserUrl }), port };
    } catch (error) {
      const text = error instanceof Error ? error.message : '';
      const passing = /shared memory block/.test(text) || (wantedPort === undefined && /Address already/.test(text));
      if (attempt >= 20 || !passing) throw error;
      await sleep(250);
    }
  }
}

function handle(child: ChildProcess, port: number, password: string, unlock: () => Promise<void>): EmbeddedPostgres {
  const pid = child.pid ?? 0;
  const superuserUrl = urlFor('postgres', password, port, 'postgres');
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  const exited = running() ? once(child, 'exit').then(() => undefined) : Promise.resolve();
  const gone = (timeoutMs: number): Promise<boolean> =>
    Promise.race([exited.then(() => true), sleep(timeoutMs, false, { ref: false })]);
  let stopping: Promise<void> | undefined;
  let lastEnsure: Promise<unknown> = Promise.resolve();
  return {
    port,
    pid,
    superuserUrl,
    exited,
    ensureDatabase(name, role, given) {
      const secret = given ?? rolePassword(password, role);
      // One after the other: concurrent changes to one role fail with "tuple concurrently updated".
      const next = lastEnsure.then(() => ensureDatabase(superuserUrl, name, role, secret));
      lastEnsure = next.catch(() => undefined);
      return next.then(() => urlFor(role, secret, port, name));
    },
    stop() {
      stopping ??= (running() ? endPostmaster(pid, gone) : Promise.resolve()).then(unlock);
      return stopping;
    },
  };
}

function urlFor(user: string, password: string, port: number, database: string): string {
  const [name, secret, path] = [user, password, database].map(encodeURIComponent);
  return `postgres://${name}:${secret}@127.0.0.1:${port}/${path}`;
}
