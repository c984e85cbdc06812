import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, inject, it, vi } from 'vitest';
import { createFakeClock, freePort, waitFor } from './index.ts';
import { startPostgresServer } from './postgres-server.ts';
import { acquirePostgres } from './shared-postgres.ts';

describe('createFakeClock', () => {
  it('stands still until advanced, and hands out dates that cannot change it', () => {
    const clock = createFakeClock('2026-05-01T00:00:00Z');
    clock.now().setFullYear(1999);
    clock.advance(1_500);
    expect(clock.now()).toEqual(new Date('2026-05-01T00:00:01.500Z'));
    expect(() => clock.set('nonsense')).toThrow('not a time');
  });
});

describe('waitFor', () => {
  it('returns the first truthy answer, past errors', async () => {
    const answers = [
      () => 0,
      () => {
        throw new Error('not yet');
      },
      () => 7,
    ];
    expect(await waitFor(() => answers.shift()!())).toBe(7);
  });

  it('fails at the deadline with the last error as the cause', async () => {
    const failing = waitFor(() => Promise.reject(new Error('why')), { timeoutMs: 30, what: 'rain' });
    await expect(failing).rejects.toMatchObject({ message: 'waited 30 ms in vain for rain', cause: new Error('why') });
  });
});

describe('freePort', () => {
  it('names a port that can be listened on', async () => {
    const server = createServer().listen(await freePort(), '127.0.0.1');
    await once(server, 'listening');
    server.close();
  });
});

describe('acquirePostgres', () => {
  it('starts one server for all takers and stops it with the last release', async () => {
    const stop = vi.fn(async () => undefined);
    const start = vi.fn(async () => ({ adminUrl: 'postgres://x', stop }));
    const [a, b] = await Promise.all([acquirePostgres(start), acquirePostgres(start)]);
    await Promise.all([a.release(), a.release()]);
    expect(stop).not.toHaveBeenCalled();
    await b.release();
    expect(start).toHaveBeenCalledTimes(1);
    expect(stop).toHaveBeenCalledTimes(1);
  });
});

describe('startPostgresServer', () => {
  it('takes the server of TEST_POSTGRES_URL as it is', async () => {
    const server = await startPostgresServer({
      TEST_POSTGRES_URL: inject('postgresAdminUrl'),
      TEST_POSTGRES: 'containers',
    });
    expect(server.adminUrl).toBe(inject('postgresAdminUrl'));
    await server.stop();
  });
});
