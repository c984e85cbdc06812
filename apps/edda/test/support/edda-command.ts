import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { makeTemporaryFolder } from '../../src/data/temporary-folder.ts';

const main = join(import.meta.dirname, '../../src/main.ts');

export interface Run {
  child: ChildProcess;
  stdout: () => string;
  stderr: () => string;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Waits for the greeting of a market. @throws Error when it ends before that */
  open(): Promise<Run & { url: string; token: string }>;
}

const running = new Set<ChildProcess>();

/** A folder for each test; with it go the commands that the test has left running. */
export function useFolder(prefix: string): () => string {
  let folder = '';
  beforeEach(async () => {
    folder = await makeTemporaryFolder(prefix);
  });
  afterEach(async () => {
    for (const child of running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    running.clear();
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  });
  return () => folder;
}

/** Runs the command line in a process of its own. */
export function edda(cwd: string, ...args: string[]): Run {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  const run: Run = { child, stdout: () => stdout, stderr: () => stderr, ended, open };
  return run;

  async function open() {
    const failed = ended.then(() => {
      throw new Error(`ended early: ${stderr}`);
    });
    failed.catch(() => undefined);
    while (!stdout.includes('Ctrl-C stops')) {
      await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    const url = /OpenAI-compatible\s+(\S+)\/v1/.exec(stdout)?.[1] ?? '';
    const token = /^(ey\S+)$/m.exec(stdout)?.[1] ?? '';
    return { ...run, url, token };
  }
}
