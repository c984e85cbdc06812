import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { pgKitFaults } from '../faults.ts';
import { serverEnvironment } from './server-environment.ts';
import { type ServerIdentity } from './server-identity.ts';

const START_PATIENCE_MS = 60_000;
const MAX_LOG_BYTES = 10 * 2 ** 20;

export interface LaunchOptions {
  postgres: string;
  home: string;
  identity: ServerIdentity;
  port: number;
  settings: Readonly<Record<string, string>>;
  superuserUrl: string;
}

/**
 * Starts the postmaster and resolves once it answers queries. It gets a session of its own, so that Ctrl-C in a
 * terminal reaches only the launcher, and logs straight into a file, which outlives the launcher.
 * @throws EMBEDDED_POSTGRES_FAILED with the end of the log
 */
export async function launchPostmaster(options: LaunchOptions): Promise<ChildProcess> {
  const logFile = join(options.home, 'postgres.log');
  const size = (await stat(logFile).catch(() => undefined))?.size ?? 0;
  if (size > MAX_LOG_BYTES) await truncate(logFile);
  const log = await open(logFile, 'a', 0o600);
  const offset = (await log.stat()).size;
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(options.postgres, ['-D', join(options.home, 'cluster'), '-p', String(options.port), ...flags], {
    ...options.identity,
    cwd: '/',
    detached: true,
    env: serverEnvironment(),
    stdio: ['ignore', log.fd, log.fd],
  });
  const spawnError = new Promise<Error>((resolve) => child.once('error', resolve));
  try {
    await ready(child, spawnError, options.superuserUrl);
    return child;
  } catch (cause) {
    child.kill('SIGQUIT');
    const tail = (await readFile(logFile, 'utf8').catch(() => '')).slice(offset).slice(-2_000);
    throw pgKitFaults.EMBEDDED_POSTGRES_FAILED(`PostgreSQL did not start on port ${options.port}: ${tail}`, { cause });
  } finally {
    await log.close();
  }
}

async function ready(child: ChildProcess, spawnError: Promise<Error>, url: string): Promise<void> {
  const deadline = Date.now() + START_PATIENCE_MS;
  let failed: Error | undefined;
  void spawnError.then((error) => (failed = error));
  for (;;) {
    const error = await ping(url);
    if (failed) throw failed;
    // Checked after the answer too: another server on this port must not pass for ours.
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the server process ended');
    if (!error) return;
    if (Date.now() > deadline) throw error;
    await sleep(20);
  }
}

async function ping(connectionString: string): Promise<Error | undefined> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
