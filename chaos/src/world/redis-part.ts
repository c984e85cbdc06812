import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { until } from '@edda/app-edda/separate';
import { freePort } from '@edda/pg-kit';
import { type Killable } from './killable-mode.ts';

/** A Redis of this run's own, keeping nothing on disk; undefined where no `redis-server` is on the PATH. */
export async function startRedis(): Promise<{ url: string; part: Killable } | undefined> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
  const port = await freePort();
  let running: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals) => {
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    running.kill(signal);
    await gone;
  };
  const part: Killable = {
    kill: () => end('SIGKILL'),
    async start() {
      const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
      running = spawn('redis-server', flags, { stdio: 'ignore', cwd: '/tmp' });
      await until('Redis answers', 20_000, () => answers(port));
    },
    close: () => end('SIGTERM'),
  };
  await part.start();
  return { url: `redis://127.0.0.1:${port}`, part };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
