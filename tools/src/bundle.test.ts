import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, it } from 'vitest';
import { runCommand } from './run-command.ts';

const out = await mkdtemp(join(tmpdir(), 'bundle-'));
afterAll(() => rm(out, { recursive: true, force: true }));

it('a bundle has the thread that counts large texts, and the vocabularies it reads', { timeout: 300_000 }, async () => {
  const bundled = await runCommand('node', ['tools/src/bundle.ts', '--app', 'heidrun', '--out', out]);
  expect(bundled.code).toBe(0);
  const worker = new Worker(join(out, 'heidrun/dist/count-worker.js'));
  try {
    for (const model of ['gpt-4o', 'llama3', 'qwen3', 'mistral-nemo', 'deepseek-v3']) {
      const answered = once(worker, 'message');
      worker.postMessage({ id: 1, model, input: 'word '.repeat(20_000), options: {} });
      const [answer] = (await answered) as [unknown];
      expect(answer).toMatchObject({ id: 1, result: { method: 'EXACT' } });
    }
  } finally {
    await worker.terminate();
  }
});
