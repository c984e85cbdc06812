import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { descendantsCpuMicros } from './descendants-cpu.ts';
import { startChild } from './start-child.ts';
import { startChildren } from './start-children.ts';

const file = join(import.meta.dirname, 'fixture-process.ts');
let folder: string;
let trace: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edda-bench-test-'));
  trace = join(folder, 'trace');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = () => startChild<{ at: string }>(file, { trace });

it('a child tells what it has, answers, and closes in order', async () => {
  const child = await open();
  expect(child.ready).toEqual({ at: 'work' });
  expect(await Promise.all([child.ask('double', 2), child.ask('double', 5)])).toEqual([4, 10]);
  await expect(child.ask('refuse')).rejects.toThrow('will not');
  await expect(child.ask('unheard')).rejects.toThrow('no answer to unheard');
  await child.close();
  expect(await readFile(trace, 'utf8')).toBe('closed');
  await child.close();
});

it('a child counts its own CPU time, and this process that of its children', async () => {
  const child = await open();
  const before = { own: await child.ask<number>('cpu'), all: descendantsCpuMicros(process.pid) };
  await child.ask('work', 200);
  expect((await child.ask<number>('cpu')) - before.own).toBeGreaterThan(20_000);
  if (process.platform === 'linux') {
    expect((descendantsCpuMicros(process.pid) ?? 0) - (before.all ?? 0)).toBeGreaterThan(10_000);
  }
  await child.close();
});

it('a child that cannot open, or ends early, is reported to who waits for it', async () => {
  await expect(startChild(file, { broken: true })).rejects.toThrow('cannot open');
  const child = await open();
  await expect(child.ask('leave')).rejects.toThrow('ended with 3');
});

it('a contest that cannot be set up closes what it had started', async () => {
  const setup = startChildren(async (start) => {
    await start(file, { trace });
    throw new Error('half-way');
  });
  await expect(setup).rejects.toThrow('half-way');
  expect(existsSync(trace)).toBe(true);
});

it.each(['SIGINT', 'SIGKILL'] as const)('a child closes when the benchmark ends by %s', async (signal) => {
  const script = join(folder, 'parent.ts');
  const starter = join(import.meta.dirname, 'start-child.ts');
  const body = `import { startChild } from ${JSON.stringify(starter)};
await startChild(${JSON.stringify(file)}, ${JSON.stringify({ trace })});
console.log('started');`;
  await writeFile(script, body);
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => parent.stdout.once('data', resolve));
  parent.kill(signal);
  await vi.waitFor(() => expect(existsSync(trace)).toBe(true), { timeout: 10_000, interval: 20 });
});
