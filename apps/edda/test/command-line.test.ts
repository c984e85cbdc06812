import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DemoSummary } from '../src/demo/summary.ts';
import { edda, useFolder } from './support/edda-command.ts';
import { freeOffset } from './support/free-offset.ts';

const folder = useFolder('edda-cli-');

/** Starts a market and waits for its greeting. */
const up = (offset: number) =>
  edda(folder(), 'up', '--data-dir', join(folder(), 'data'), '--port-offset', String(offset)).open();

const get = (url: string, token: string) =>
  fetch(url, { headers: { authorization: `Bearer ${token}` } }).then((response) => response.json());

describe('edda demo --json', () => {
  it('prints one JSON object, alone on standard output, of a completed and balanced request', async () => {
    const { code, stdout, stderr } = await edda(folder(), 'demo', '--json', '--prompt', 'Who built the wall?').ended;
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
    const offset = await freeOffset();
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
    const { code, stderr } = await edda(folder(), 'up', '--port-offset', 'many').ended;
    expect(code).not.toBe(0);
    expect(stderr).toContain('must be a whole number');
  });
});

describe('edda audit verify', () => {
  it('finds every chain of a running market intact, and says when there is none to ask', async () => {
    const offset = await freeOffset();
    const market = await up(offset);
    const args = ['audit', 'verify', '--data-dir', join(folder(), 'data'), '--port-offset', String(offset)];
    const { code, stdout } = await edda(folder(), ...args).ended;
    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['njordr', 'heidrun', 'eikthyrnir', 'nornen']);
    for (const line of lines) expect(line).toMatch(/ intact: \d+ records, no anchor configured/);
    expect(code).toBe(0);
    market.child.kill('SIGTERM');
    expect(await market.ended).toMatchObject({ code: 0 });
    expect((await edda(folder(), ...args).ended).code).not.toBe(0);
  }, 120_000);
});

describe('edda token', () => {
  it('prints a token alone on its line', async () => {
    const { code, stdout } = await edda(folder(), 'token', '--data-dir', join(folder(), 'data'), '--user', 'ada').ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ey[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });
});
