import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nornen } from '@edda/contracts';
import { implement } from '@edda/grpc-kit';
import { createTestDatabases, freePort, type TestDatabase, waitFor } from '@edda/testing';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { prepareService } from './fixture.test-support.ts';
import { type ServePlan } from './open-ports.ts';
import { openService } from './open-service.ts';

const databases = createTestDatabases({ name: 'service_kit' });
afterAll(() => databases.dropAll());

const live = nornen.LiveServiceService;
const answering: ServePlan = {
  services: [implement(live, { getLiveStats: async () => ({ stats: undefined }) })],
  rules: { [live.getLiveStats.path]: { roles: ['service'] } },
};

/** How many connections the service holds, apart from those of the test. */
async function connections(db: TestDatabase): Promise<bigint> {
  const { rows } = await db.pool.query<{ n: bigint }>(
    `SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'probe'`,
  );
  return rows[0]?.n ?? -1n;
}

const noneLeft = (db: TestDatabase) =>
  waitFor(async () => (await connections(db)) === 0n, { what: 'closed connections' });

async function refuses(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/healthz`).then(
    () => false,
    () => true,
  );
}

/** A port somebody else listens on. */
async function takenPort(): Promise<number> {
  const port = await freePort();
  const server = createServer().listen(port, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return port;
}

describe('openService', () => {
  it('migrates, serves with its own tokens, says that it is ready, and closes everything', async () => {
    const db = await databases.create();
    const { options } = await prepareService(db.url);
    const base = await openService(options);
    await base.pool.query('INSERT INTO thing VALUES (1)');
    const { grpc, operations } = await base.serve(answering);
    const ready = await fetch(`http://127.0.0.1:${operations}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({ status: 'ready', checks: { database: true, serving: true } });
    const peer = base.peer(live, `127.0.0.1:${grpc}`);
    expect(await peer.getLiveStats({ windowSeconds: 0, networkId: '', model: '' })).toEqual({ stats: undefined });
    expect(await connections(db)).toBeGreaterThan(0n);

    await base.close();
    expect(await refuses(operations)).toBe(true);
    await noneLeft(db);
    await base.close();
  });

  it('writes its log into the file that the settings name', async () => {
    const db = await databases.create();
    const path = join(mkdtempSync(join(tmpdir(), 'service-log-')), 'probe.log');
    const { options } = await prepareService(db.url, { log: { file: { path } } });
    const base = await openService({ ...options, logger: undefined });
    base.logger.info({ answer: 42 }, 'hello');
    await base.close();
    expect(readFileSync(path, 'utf8')).toMatch(/"service":"probe".*"answer":42.*"msg":"hello"/);
  });

  it('starts again on the same data', async () => {
    const db = await databases.create();
    const { options } = await prepareService(db.url);
    for (const id of [1, 2]) {
      const base = await openService(options);
      await base.pool.query('INSERT INTO thing VALUES ($1)', [id]);
      await base.close();
    }
    expect((await db.pool.query('SELECT FROM thing')).rowCount).toBe(2);
  });

  it('is not ready while a check fails, or while it drains', async () => {
    const db = await databases.create();
    const { options } = await prepareService(db.url);
    const base = await openService(options);
    let well = false;
    const ports = await base.serve({ ...answering, checks: { policies: () => well } });
    const readiness = async () => {
      const response = await fetch(`http://127.0.0.1:${ports.operations}/readyz`);
      return [response.status, ((await response.json()) as { checks: unknown }).checks];
    };
    expect(await readiness()).toEqual([503, { database: true, serving: true, policies: false }]);
    well = true;
    expect(await readiness()).toEqual([200, { database: true, serving: true, policies: true }]);

    let held: (() => void) | undefined;
    base.onClose('slow part', () => new Promise<void>((resolve) => (held = resolve)));
    const closing = base.close();
    await waitFor(() => held !== undefined);
    expect(await readiness()).toEqual([503, { database: true, serving: false, policies: true }]);
    held?.();
    await closing;
  });

  it('closes in the reverse order of opening, the database last, whatever fails on the way', async () => {
    const db = await databases.create();
    const { options, log } = await prepareService(db.url);
    const base = await openService(options);
    const closed: string[] = [];
    const part = (name: string) => async () => {
      await base.pool.query('SELECT 1');
      closed.push(name);
    };
    base.onClose('store', part('store'));
    base.onClose('broken', () => Promise.reject(new Error('stuck')));
    const { operations } = await base.serve(answering);
    base.onClose('port', async () => void closed.push((await refuses(operations)) ? 'port after' : 'port before'));
    await base.close();
    expect(closed).toEqual(['port before', 'store']);
    expect(log.records).toContainEqual(expect.objectContaining({ part: 'broken', msg: 'could not be closed cleanly' }));
  });
});

describe('openService leaves nothing open', () => {
  it('when no keys verify tokens', async () => {
    const db = await databases.create();
    const { options } = await prepareService(db.url, { auth: {} });
    let listeners = 0;
    const { settings } = options;
    const onChange: typeof settings.onChange = (listener) => {
      listeners += 1;
      const stop = settings.onChange(listener);
      return () => {
        listeners -= 1;
        stop();
      };
    };
    const { logger: _, ...rest } = options;
    await expect(openService({ ...rest, settings: { ...settings, onChange } })).rejects.toThrow('auth.jwksFile');
    expect(listeners).toBe(0);
  });

  it('when its own key cannot be read', async () => {
    const db = await databases.create();
    const { options } = await prepareService(db.url);
    const secrets = { ...options.secrets, EDDA_SERVICE_KEY_FILE: '/nowhere/key.json' };
    await expect(openService({ ...options, secrets })).rejects.toThrow('ENOENT');
    await noneLeft(db);
  });

  it('when a migration fails', async () => {
    const db = await databases.create();
    const { options, migration } = await prepareService(db.url);
    writeFileSync(migration, 'CREATE TABEL thing ()');
    await expect(openService(options)).rejects.toMatchObject({ reason: 'MIGRATION_FAILED' });
    await noneLeft(db);
  });

  it('when the database does not answer', async () => {
    const { options } = await prepareService(`postgres://nobody@127.0.0.1:${await freePort()}/nothing`);
    await expect(openService(options)).rejects.toThrow('ECONNREFUSED');
  });

  it.each(['grpc', 'operations'] as const)('when the %s port is taken', async (which) => {
    const db = await databases.create();
    const operations = await freePort();
    const taken = await takenPort();
    const ports = { grpc: { port: 0 }, operations: { port: operations }, [which]: { port: taken } };
    const prepared = await prepareService(db.url);
    const values = prepared.options.settings.current();
    const settings = {
      ...prepared.options.settings,
      current: () => ({
        ...values,
        grpc: { ...values.grpc, ...ports.grpc },
        operations: { ...values.operations, ...ports.operations },
      }),
    };
    const base = await openService({ ...prepared.options, settings });
    await expect(base.serve(answering)).rejects.toThrow(/EADDRINUSE|address already in use|No address added/i);
    if (which === 'grpc') expect(await refuses(operations)).toBe(true);
    await noneLeft(db);
  });
});
