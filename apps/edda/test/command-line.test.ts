import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryFolder } from '../src/data/temporary-folder.ts';
import { type DemoSummary } from '../src/demo/summary.ts';

const main = join(import.meta.dirname, '../src/main.ts');

let folder: string;
let running: ChildProcess | undefined;
beforeEach(async () => {
  folder = await makeTemporaryFolder('edda-cli-');
});
afterEach(async () => {
  if (running !== undefined && running.exitCode === null) {
    running.kill('SIGKILL');
    await once(running, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
});

interface Run {
  child: ChildProcess;
  stdout: () => string;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function edda(...args: string[]): Run {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  running = child;
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, stdout: () => stdout, ended };
}

/** Starts a market and waits for its greeting. */
async function up(offset: number): Promise<Run & { url: string; token: string }> {
  const run = edda('up', '--data-dir', join(folder, 'data'), '--port-offset', String(offset));
  const failed = run.ended.then(({ stderr }) => {
    throw new Error(`ended early: ${stderr}`);
  });
  failed.catch(() => undefined);
  while (!run.stdout().includes('Ctrl-C stops')) {
    await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  const url = /OpenAI-compatible\s+(\S+)\/v1/.exec(run.stdout())?.[1] ?? '';
  const token = /^(ey\S+)$/m.exec(run.stdout())?.[1] ?? '';
  return { ...run, url, token };
}

const get = (url: string, token: string) =>
  fetch(url, { headers: { authorization: `Bearer ${token}` } }).then((response) => response.json());

describe('edda demo --json', () => {
  it('prints one JSON object, alone on standard output, of a completed and balanced request', async () => {
    const { code, stdout, stderr } = await edda('demo', '--json', '--prompt', 'Who built the wall?').ended;
    expect(stderr).toBe('');
    const summary = JSON.parse(stdout) as DemoSummary;
    expect(summary).toMatchObject({ status: 'COMPLETED', ledger_balanced: true });
    expect(summary.provider_earnings_cents + summary.company_fee_cents).toBe(summary.total_cost_cents);
    expect(summary.total_cost_cents).toBeGreaterThan(0);
    expect(summary.routing.eligible).toBe(3);
    expect(code).toBe(0);
  }, 60_000);
});

describe('edda up', () => {
  it('opens, serves the printed token, stops cleanly, and opens again on the same data', async () => {
    const offset = 2_000 + (process.pid % 6_000);
    const first = await up(offset);
    const answer = await fetch(`${first.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${first.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'builtin-ngram', max_tokens: 20, messages: [{ role: 'user', content: 'Hail!' }] }),
    });
    expect(answer.status).toBe(200);
    const bought = (await answer.json()) as { edda: { transaction_id: string } };
    first.child.kill('SIGINT');
    expect(await first.ended).toMatchObject({ code: 0, stderr: '' });

    const second = await up(offset);
    const path = `/api/v1/marketplace/transactions/${bought.edda.transaction_id}`;
    expect(await get(second.url + path, first.token)).toMatchObject({ status: 'COMPLETED' });
    second.child.kill('SIGTERM');
    expect(await second.ended).toMatchObject({ code: 0 });
  }, 90_000);

  it('names a wrong option instead of starting', async () => {
    const { code, stderr } = await edda('up', '--port-offset', 'many').ended;
    expect(code).not.toBe(0);
    expect(stderr).toContain('must be a whole number');
  });
});

describe('edda token', () => {
  it('prints a token alone on its line', async () => {
    const { code, stdout } = await edda('token', '--data-dir', join(folder, 'data'), '--user', 'ada').ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ey[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });
});
