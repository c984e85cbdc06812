import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, inject, it, vi } from 'vitest';
import { createFakeClock, freePort, startTcpProxy, waitFor } from './index.ts';
import { startPostgresServer } from './postgres-server.ts';
import { startRedisServer } from './redis-server.ts';
import { acquirePostgres } from './shared-postgres.ts';
import { acquireRedis } from './shared-redis.ts';

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

describe('startRedisServer', () => {
  it('uses the server it is given, else a redis-server on the PATH; without PATH and Docker there is none', async () => {
    const given = await startRedisServer({ TEST_REDIS_URL: 'redis://given:1' });
    expect(given?.url).toBe('redis://given:1');
    expect(await startRedisServer({ PATH: '/nowhere' }, '/nowhere')).toBeUndefined();
  });
});

describe('acquireRedis', () => {
  it('starts one server for all and stops it with the last release', async () => {
    const stop = vi.fn(async () => undefined);
    const start = vi.fn(async () => ({ url: 'redis://one:1', stop }));
    const [a, b] = [await acquireRedis(start), await acquireRedis(start)];
    expect([a.url, b.url, start.mock.calls.length]).toEqual(['redis://one:1', 'redis://one:1', 1]);
    await a.release();
    await a.release();
    expect(stop).not.toHaveBeenCalled();
    await b.release();
    expect(stop).toHaveBeenCalledOnce();
  });

  it('says that there is none', async () => {
    const { url, release } = await acquireRedis(async () => undefined);
    expect(url).toBeUndefined();
    await release();
  });
});

describe('startTcpProxy', () => {
  it('passes, freezes without a word, cuts, and passes again', async () => {
    const echo = createServer((socket) => void socket.on('error', () => undefined).pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    const proxy = await startTcpProxy(`redis://127.0.0.1:${(echo.address() as { port: number }).port}`);
    // `once` would take the reset connection for a failure of its own.
    const ended = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));
    const dial = () => connect(proxy.port, '127.0.0.1').on('error', () => undefined);
    const socket = dial();
    const heard: string[] = [];
    socket.on('data', (text) => heard.push(String(text)));
    socket.write('one');
    await waitFor(() => heard.join('') === 'one');
    proxy.freeze();
    socket.write('two');
    const closed = ended(socket);
    proxy.cut();
    await closed;
    expect(heard.join('')).toBe('one');
    await ended(dial());
    proxy.restore();
    const again = dial();
    again.write('three');
    expect(String((await once(again, 'data'))[0])).toBe('three');
    again.destroy();
    await proxy.close();
    echo.close();
  });
});
