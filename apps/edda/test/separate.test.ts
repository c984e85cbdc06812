import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { edda, useFolder } from './support/edda-command.ts';
import { freeOffset } from './support/free-offset.ts';

const parts = ['nornen', 'eikthyrnir', 'heidrun', 'njordr', 'agent'] as const;
const folder = useFolder('edda-separate-');

const offset = await freeOffset();
const data = () => join(folder(), 'data');

/** The process of each part, as the launcher's log has it last. */
async function pids(): Promise<Partial<Record<string, number>>> {
  const lines = (await readFile(join(data(), 'edda.log'), 'utf8')).trim().split('\n');
  const records = lines.map((line) => JSON.parse(line) as { part?: string; pid?: number });
  return Object.fromEntries(records.flatMap(({ part, pid }) => (part && pid ? [[part, pid]] : [])));
}

/** One that has ended counts as gone even where nobody waits for it, as in a container without an init process. */
function isAlive(pid: number | undefined): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    // Elsewhere than on Linux there is no /proc, but somebody who waits.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux';
  }
}

async function buy(url: string, token: string): Promise<{ status: number; transactionId: string }> {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'builtin-ngram', max_tokens: 20, messages: [{ role: 'user', content: 'Hail!' }] }),
  });
  const body = (await answer.json()) as { edda?: { transaction_id: string } };
  return { status: answer.status, transactionId: body.edda?.transaction_id ?? '' };
}

const up = (...options: string[]) =>
  edda(folder(), 'up', '--data-dir', data(), '--port-offset', String(offset), ...options).open();

it('edda up --separate: a killed part comes back, a killed launcher leaves no process, either way of up goes on', async () => {
  const killed = await up('--separate');
  const first = await buy(killed.url, killed.token);
  expect(first.status).toBe(200);
  for (const part of parts) expect(await readFile(join(data(), `${part}.log`), 'utf8'), part).not.toBe('');
  const { heidrun } = await pids();
  process.kill(heidrun ?? 0, 'SIGKILL');
  await expect
    .poll(killed.stderr, { timeout: 60_000 })
    .toMatch(/heidrun ended \(SIGKILL\); starting it again in 0.25 s[^]*heidrun runs again/);
  await expect.poll(async () => (await buy(killed.url, killed.token)).status, { timeout: 30_000 }).toBe(200);

  const running = await pids();
  const [postmaster] = (await readFile(join(data(), 'postgres/cluster/postmaster.pid'), 'utf8')).split('\n');
  const all = [...parts.map((part) => running[part]), Number(postmaster)];
  onTestFinished(() => void all.filter(isAlive).forEach((pid) => process.kill(pid ?? 0, 'SIGKILL')));
  expect(all.filter(isAlive)).toEqual(all);
  killed.child.kill('SIGKILL');
  await expect.poll(() => all.filter(isAlive), { timeout: 30_000 }).toEqual([]);

  const plain = await up();
  const bought = await fetch(`${plain.url}/api/v1/marketplace/transactions/${first.transactionId}`, {
    headers: { authorization: `Bearer ${killed.token}` },
  });
  expect(await bought.json()).toMatchObject({ status: 'COMPLETED' });
  plain.child.kill('SIGTERM');
  expect(await plain.ended).toMatchObject({ code: 0, stderr: '' });

  const last = await up('--separate');
  last.child.kill('SIGINT');
  expect(await last.ended).toMatchObject({ code: 0, stderr: '' });
  expect(last.stdout()).toMatch(/stopping …\nstopped\n$/);
  expect(Object.values(await pids()).filter(isAlive)).toEqual([]);
}, 300_000);
