import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from '@edda/pg-kit';
import { waitFor } from './wait-for.ts';

export interface RedisServer {
  /** `redis://host:port`. */
  url: string;
  stop: () => Promise<void>;
}

const IMAGE = 'redis:8-bookworm';

/**
 * The Redis that tests use: `TEST_REDIS_URL` if set; with `TEST_REDIS=containers` a container of redis:8-bookworm;
 * else a `redis-server` on the PATH, on a free port; else a container where Docker has its socket. Undefined when there
 * is none of them.
 */
export async function startRedisServer(
  env: NodeJS.ProcessEnv = process.env,
  dockerSocket = '/var/run/docker.sock',
): Promise<RedisServer | undefined> {
  const url = env['TEST_REDIS_URL'];
  if (url) return { url, stop: async () => undefined };
  if (env['TEST_REDIS'] === 'containers') return startContainer();
  const program = onPath('redis-server', env['PATH']);
  if (program !== undefined) return startProgram(program);
  const docker = env['DOCKER_HOST'] !== undefined || existsSync(dockerSocket);
  return docker ? startContainer().catch(() => undefined) : undefined;
}

async function startContainer(): Promise<RedisServer> {
  const { GenericContainer } = await import('testcontainers');
  const container = await new GenericContainer(IMAGE).withExposedPorts(6379).start();
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(6379)}`,
    stop: async () => void (await container.stop()),
  };
}

async function startProgram(program: string): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'edda-redis-'));
  const port = await freePort();
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory];
  const child = spawn(program, flags, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    await answers(port, child);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function answers(port: number, child: ChildProcess): Promise<void> {
  await waitFor(
    () => {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
      return new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
        const end = (well: boolean) => {
          socket.destroy();
          resolve(well);
        };
        socket.once('data', (text) => end(String(text).startsWith('+PONG')));
        socket.once('error', () => end(false));
      });
    },
    { what: 'redis-server' },
  );
}

function onPath(program: string, path = ''): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
