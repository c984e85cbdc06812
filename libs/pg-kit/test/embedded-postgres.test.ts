import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive, waitForExit } from '../src/embedded/processes.ts';
import { createPool, type EmbeddedPostgres, inTransaction, startEmbeddedPostgres } from '../src/index.ts';
import { quiet } from './quiet.ts';

interface Launched {
  child: ChildProcess;
  pid: number;
  listeners: number[];
}

describe('startEmbeddedPostgres', () => {
  let dataDir: string;
  const servers: EmbeddedPostgres[] = [];
  const launchers: ChildProcess[] = [];
  const start = async (port?: number): Promise<EmbeddedPostgres> => {
    const server = await startEmbeddedPostgres({ dataDir, logger: quiet, ...(port !== undefined && { port }) });
    servers.push(server);
    return server;
  };
  const launch = async (): Promise<Launched> => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'launcher.ts'), dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    launchers.push(child);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, ...(JSON.parse(line.toString()) as Omit<Launched, 'child'>) };
  };
  const kill = async (child: ChildProcess): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'edda-embedded-'));
  });
  afterEach(async () => {
    for (const child of launchers.splice(0))
      if (child.exitCode === null && child.signalCode === null) await kill(child);
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    await rm(dataDir, { recursive: true });
  });

  it('keeps data, roles and passwords over a restart; a role sees only its own database', async () => {
    const first = await start();
    const url = await first.ensureDatabase('njordr', 'njordr');
    await first.ensureDatabase('heidrun', 'heidrun');
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await Promise.all([first.stop(), first.stop()]);
    const second = await start(first.port);
    expect(await second.ensureDatabase('njordr', 'njordr')).toBe(url);
    expect(await query(url, 'SELECT * FROM kept')).toEqual([{ one: 1 }]);
    await expect(query(url.replace(/njordr$/, 'heidrun'), 'SELECT 1')).rejects.toThrow('permission denied');
    await expect(query(url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow('password authentication');
  });

  it('keeps the password file and the data to their owners', async () => {
    await start();
    const mode = async (name: string): Promise<number> => (await stat(join(dataDir, name))).mode & 0o777;
    expect(await mode('superuser.password')).toBe(0o600);
    expect(await mode('cluster')).toBe(0o700);
    // PostgreSQL refuses a data directory that is not its user's, and refuses to run as root.
    if (process.getuid?.() === 0) expect((await stat(join(dataDir, 'cluster'))).uid).not.toBe(0);
  });

  it('refuses a data directory that a living process uses', async () => {
    await start();
    await expect(start()).rejects.toMatchObject({ reason: 'EMBEDDED_POSTGRES_IN_USE' });
  });

  it('registers no process-wide hooks: the caller decides when to stop', async () => {
    const { listeners } = await launch();
    expect(listeners).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('stops the orphan of a killed launcher and starts anew', async () => {
    const { child, pid } = await launch();
    await kill(child);
    expect(isAlive(pid)).toBe(true);
    const server = await start();
    expect(isAlive(pid)).toBe(false);
    expect(await query(server.superuserUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('starts over the leftovers when launcher and server were both killed', async () => {
    const { child, pid } = await launch();
    await kill(child);
    process.kill(pid, 'SIGKILL');
    await waitForExit(pid, 20_000);
    expect(await readFile(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8')).toContain(String(pid));
    await start();
  });

  it('leaves a process alone that merely has the recorded id', async () => {
    await (await start()).stop();
    const bystander = spawn('sleep', ['60']);
    await writeFile(join(dataDir, 'cluster', 'postmaster.pid'), `${bystander.pid}\n`);
    await start();
    expect(bystander.exitCode).toBeNull();
    expect(bystander.signalCode).toBeNull();
    bystander.kill();
  });

  it('a pool outlives a SIGKILLed server: the process survives, queries work again after the restart', async () => {
    const server = await start();
    const pool = createPool({ url: server.superuserUrl, name: 'survivor', logger: quiet });
    await Promise.all(Array.from({ length: 5 }, () => pool.query('SELECT pg_sleep(0.05)')));
    await pool.query('CREATE TABLE kept AS SELECT 1 AS one');
    const open = inTransaction(pool, async (client) => {
      await client.query('INSERT INTO kept VALUES (2)');
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
      await client.query('SELECT pg_sleep(10)');
    });
    await expect(open).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(inTransaction(pool, (client) => client.query('SELECT 1'))).rejects.toMatchObject({
      kind: 'unavailable',
    });
    await server.stop();
    await start(server.port);
    await expect
      .poll(async () => (await pool.query('SELECT * FROM kept').catch(() => undefined))?.rows)
      .toEqual([{ one: 1 }]);
    await pool.end();
  });

  it('says why a server did not start', async () => {
    const failing = startEmbeddedPostgres({ dataDir, logger: quiet, settings: { shared_buffers: 'lots' } });
    await expect(failing).rejects.toThrow(/did not start.*shared_buffers/s);
    await expect(start()).resolves.toMatchObject({ port: expect.any(Number) as number });
  });
});

async function query(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
