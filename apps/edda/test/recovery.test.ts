import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { common, heidrun, njordr } from '@edda/contracts';
import { createPool } from '@edda/pg-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalAgent, startLocalAgent } from '../src/market/local-agent.ts';
import { clientOf, tokensOf } from '../src/market/market-user.ts';
import { openTestMarket, type TestMarket } from './market-setup.ts';
import { type OwnNjordr, ownNjordr } from './support/own-process.ts';

const MARKER = 'quetzalcoatl';
const MODEL = 'slow-ngram';

describe('domain.md, recovery: Njörðr is killed in the middle of an answer', () => {
  let open: TestMarket;
  let own: OwnNjordr;
  let agent: LocalAgent | undefined;
  let root: string;
  let databaseUrlOf: (service: string) => string;

  beforeAll(async () => {
    // The market's own Njörðr looks away, so that only the restarted process can recover.
    open = await openTestMarket({ njordr: { recovery: { sweepIntervalMs: 60_000 } } });
    const { addresses } = open.market;
    const { njordr: _, ...peers } = addresses;
    const keys = dirname(open.signingKeyFile);
    root = dirname(keys);
    const postgres = join(root, 'postgres');
    const [port] = (await readFile(join(postgres, 'cluster/postmaster.pid'), 'utf8')).split('\n').slice(3);
    const password = (await readFile(join(postgres, 'superuser.password'), 'utf8')).trim();
    databaseUrlOf = (service) => `postgres://postgres:${password}@127.0.0.1:${port}/${service}`;
    own = await ownNjordr({
      ...{ folder: root, databaseUrl: databaseUrlOf('njordr'), signingKeyFile: open.signingKeyFile },
      ...{ jwksFile: join(keys, 'jwks.json'), peers },
      resultKeys: `k1:${randomBytes(32).toString('base64')}`,
    });
    await own.start();
    agent = await startLocalAgent(
      { ...open.market, addresses: { ...addresses, njordr: own.address } },
      {
        owner: { subject: 'olaf', networkId: 'demo', roles: ['user', 'provider'] },
        ...{ deviceId: 'cellar', displayName: 'Cellar', priceCents: 40, capacity: 4, quality: 4, model: MODEL },
        ...{ tokensPerSecond: 25, firstTokenDelayMs: 0, logger: open.logger },
      },
    );
  }, 120_000);
  afterAll(async () => {
    await agent?.close();
    await own.kill();
    await open.close();
  });

  it('the transaction ends exactly once, as delivered; nothing stays held; the prompt is nowhere', async () => {
    const { market, requester, logger } = open;
    const token = tokensOf(market, requester);
    const compute = clientOf(njordr.ComputeServiceService, own.address, token, logger);
    const parameters = njordr.ComputeParameters.fromPartial({
      ...{ model: MODEL, maxOutputTokens: 400n },
      messages: [{ role: 'user', content: `Tell me of ${MARKER} at length.` }],
    });
    let transactionId = '';
    let delivered = '';
    const executing = async () => {
      for await (const { event } of compute.executeRequest({ idempotencyKey: '', parameters })) {
        if (event?.$case === 'accepted') ({ transactionId } = event.value);
        if (event?.$case === 'chunk') delivered += event.value.content;
      }
    };
    const broken = expect(executing()).rejects.toMatchObject({ kind: 'unavailable' });
    const pool = createPool({ url: databaseUrlOf('njordr'), name: 'test', max: 2, logger });
    const row = async () => {
      const { rows } = await pool.query<Record<string, unknown>>(
        'SELECT * FROM transactions WHERE transaction_id = $1',
        [transactionId],
      );
      return rows[0] ?? {};
    };
    const checkpointed = async () =>
      ((await row())['checkpoint'] as { outputTokens: number }[] | null)?.[0]?.outputTokens;
    await expect.poll(checkpointed, { timeout: 10_000 }).toBeGreaterThan(10);
    await own.kill();
    await broken;
    const before = await row();
    expect(before['state']).toBe('PROCESSING');

    await own.start();
    await expect.poll(async () => (await row())['state'], { timeout: 15_000 }).toBe('COMPLETED');
    const after = await row();
    expect(after).toMatchObject({ finish_reason: common.FinishReason.RECOVERED, checkpoint: null });
    expect(Number(after['output_tokens'])).toBe((before['checkpoint'] as { outputTokens: number }[])[0]?.outputTokens);
    expect(Number(after['total_cost_cents'])).toBeGreaterThan(0);
    expect(delivered).not.toBe('');

    const payments = clientOf(heidrun.PaymentServiceService, market.addresses.heidrun, token, logger);
    const { balance } = await payments.getBalance(heidrun.GetBalanceRequest.fromPartial({}));
    expect(balance).toMatchObject({ availableCents: 10_000n - (after['total_cost_cents'] as bigint) });
    // Further sweeps find nothing to do.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await row()).toEqual(after);
    const auditor = tokensOf(market, { subject: 'auditor', networkId: 'demo', roles: ['admin'] });
    const ledger = clientOf(heidrun.LedgerServiceService, market.addresses.heidrun, auditor, logger);
    expect(await ledger.verifyLedger(heidrun.VerifyLedgerRequest.fromPartial({}))).toMatchObject({ violations: [] });
    for (const client of [compute, payments, ledger]) client.close();
    await pool.end();

    expect(await readFile(join(root, 'edda.log'), 'utf8')).not.toContain(MARKER);
    expect(own.output()).not.toContain(MARKER);
    for (const service of ['njordr', 'heidrun', 'nornen', 'eikthyrnir']) {
      expect(await tablesOf(service), service).not.toContain(MARKER);
    }
  }, 90_000);

  /** All that a service has stored, as text; bytes as hexadecimal digits and as the text they would be. */
  async function tablesOf(service: string): Promise<string> {
    const pool = createPool({ url: databaseUrlOf(service), name: 'test', max: 1, logger: open.logger });
    const { rows } = await pool.query<{ name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
       WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`,
    );
    let all = '';
    for (const { name } of rows) {
      const { rows: found } = await pool.query<Record<string, unknown>>(`SELECT * FROM ${name}`);
      for (const value of found.flatMap((row) => Object.values(row))) {
        all += Buffer.isBuffer(value) ? value.toString('latin1') : (JSON.stringify(value, bigintText) ?? '');
      }
    }
    await pool.end();
    expect(all.length).toBeGreaterThan(0);
    return all;
  }
});

function bigintText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
