import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { isAlive, waitForExit } from '../src/embedded/processes.ts';
import { endOrphanedPostgres } from '../src/index.ts';

it('ends the server of a dead launcher, and only of the one that is named', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'edda-orphan-'));
  const launcher = spawn(process.execPath, [join(import.meta.dirname, 'launcher.ts'), dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(launcher.stdout, 'data')) as [Buffer];
  const { pid } = JSON.parse(line.toString()) as { pid: number };
  onTestFinished(async () => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await rm(dataDir, { recursive: true, maxRetries: 20, retryDelay: 100 });
  });
  launcher.kill('SIGKILL');
  await once(launcher, 'exit');

  const lockFile = join(dataDir, 'launcher.lock');
  const lock = await readFile(lockFile, 'utf8');
  await writeFile(lockFile, JSON.stringify({ pid: process.pid, startedAt: '' }));
  await endOrphanedPostgres(dataDir, launcher.pid ?? 0);
  expect(await waitForExit(pid, 1_000)).toBe(false);

  await writeFile(lockFile, lock);
  await Promise.all([1, 2].map(() => endOrphanedPostgres(dataDir, launcher.pid ?? 0)));
  expect(await waitForExit(pid, 30_000)).toBe(true);
});
