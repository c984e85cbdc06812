import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '@edda/telemetry';
import { createTestDatabases, type TestDatabase, waitFor } from '@edda/testing';
import type {} from '@edda/testing/redis-setup';
import { afterAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { prepareService } from './fixture.test-support.ts';
import { openService } from './open-service.ts';
import { takePlace } from './replica-guard.ts';

const databases = createTestDatabases({ name: 'replica_guard' });
afterAll(() => databases.dropAll());

const redisUrl = inject('redisUrl');

async function place(db: TestDatabase, withRedis: boolean, waitMs = 300) {
  const guard = await takePlace({ databaseUrl: db.url, name: 'probe', withRedis, logger: silentLogger(), waitMs });
  onTestFinished(() => guard.close());
  return guard;
}

describe('a replica’s place', () => {
  it('is for one without Redis, and for many with it', async () => {
    const [alone, many] = [await databases.create(), await databases.create()];
    await place(alone, false);
    await expect(place(alone, false)).rejects.toMatchObject({ reason: 'SECOND_REPLICA_NEEDS_REDIS' });
    for (let i = 0; i < 3; i += 1) expect((await place(many, true)).held).toBe(true);
  });

  it.each([
    ['without Redis beside one with it', true, false, 'set REDIS_URL, the same for every replica'],
    ['with Redis beside one without', false, true, 'without Redis: set REDIS_URL for that one too'],
  ])('is refused %s, and says what to set', async (_, first, second, says) => {
    const db = await databases.create();
    await place(db, first);
    await expect(place(db, second)).rejects.toThrow(says);
  });

  it('is waited for while the one before is still closing', async () => {
    const db = await databases.create();
    const before = await place(db, false);
    const next = place(db, false, 30_000);
    await before.close();
    expect((await next).held).toBe(true);
  });

  it('is taken again after the database broke its connection', async () => {
    const db = await databases.create();
    const guard = await place(db, false);
    const holder = async () => {
      const { rows } = await db.pool.query<{ pid: number }>(
        `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      return rows[0]?.pid;
    };
    const first = await holder();
    await db.pool.query('SELECT pg_terminate_backend($1)', [first]);
    await waitFor(async () => ![first, undefined].includes(await holder()), { what: 'the place, taken again' });
    await waitFor(() => guard.held);
    await expect(place(db, false)).rejects.toMatchObject({ reason: 'SECOND_REPLICA_NEEDS_REDIS' });
  });

  it('is free again after its process was killed', async () => {
    const db = await databases.create();
    const source = `
      import { takePlace } from ${JSON.stringify(join(fileURLToPath(import.meta.url), '../replica-guard.ts'))};
      import { silentLogger } from '@edda/telemetry';
      await takePlace({ databaseUrl: process.argv[1], name: 'probe', withRedis: false, logger: silentLogger() });
      console.log('taken');
      setInterval(() => undefined, 1_000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', source, db.url], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said += String(text)));
    await waitFor(() => said.includes('taken'), { what: 'the other process', timeoutMs: 50_000 });
    await expect(place(db, false)).rejects.toMatchObject({ reason: 'SECOND_REPLICA_NEEDS_REDIS' });
    child.kill('SIGKILL');
    expect((await place(db, false, 30_000)).held).toBe(true);
  });
});

describe.skipIf(redisUrl === '')('openService with Redis', () => {
  it('opens two replicas that hear each other', async () => {
    const db = await databases.create();
    const open = async () => {
      const { options } = await prepareService(db.url, {}, redisUrl);
      const base = await openService(options);
      onTestFinished(() => base.close());
      return base.redis;
    };
    const [a, b] = [await open(), await open()];
    expect([a.shared, b.shared]).toEqual([true, true]);
    const heard: string[] = [];
    const topic = `${process.pid}-${performance.now()}`;
    await new Promise<void>((resolve) => {
      b.bus.subscribe(topic, { onMessage: (message) => void heard.push(message), onSync: resolve });
    });
    await waitFor(async () => (await a.bus.publish(topic, 'hello')) && heard.includes('hello'));
  });
});

describe('openService without Redis', () => {
  it('has the twin, and refuses to be a second replica with one clear fault', async () => {
    const db = await databases.create();
    const base = await openService((await prepareService(db.url)).options);
    onTestFinished(() => base.close());
    expect([base.redis.shared, base.redis.up]).toEqual([false, true]);
    const second = openService((await prepareService(db.url)).options);
    await expect(second).rejects.toMatchObject({ reason: 'SECOND_REPLICA_NEEDS_REDIS' });
  });
});
