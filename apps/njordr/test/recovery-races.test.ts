import { common, heidrun, njordr } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, openRequests, type OpenedRequests, parameters } from './support/open-requests.ts';
import { HANG, stop } from './support/scripted-hub.ts';

const patience = { timeout: 15_000 };

describe('domain.md, recovery: whatever races, a request is settled once', () => {
  let open: OpenedRequests;
  beforeEach(async () => {
    open = await openRequests({ settings: { requests: { settleRetryMs: 0 } } });
  });
  afterEach(() => open.close());
  const execute = (idempotencyKey = '') =>
    collect(open.client().compute.executeRequest({ idempotencyKey, parameters: parameters() }));
  const create = (compute = open.client().compute) =>
    compute.createRequest({ idempotencyKey: '', parameters: parameters({ maxOutputTokens: 100n }) });
  const rows = async () =>
    (await open.pool.query('SELECT * FROM transactions ORDER BY created_at')).rows as Record<string, unknown>[];
  const row = async () => (await rows())[0]!;
  const expire = () => open.pool.query(`UPDATE transactions SET lease_until = now() - interval '1 second'`);
  const down = commonFaults.DEPENDENCY_UNAVAILABLE('down');

  it('two replicas that recover at the same time never both settle: each request is captured once and ended once', async () => {
    open.hub.script('p1', ['one two', HANG]);
    const requests = 120;
    open.heidrun.walletCents = 10n ** 12n;
    open.market.offers[0]!.capacity = requests;
    const { compute } = open.client();
    await Promise.all(Array.from({ length: requests }, () => create(compute)));
    const checkpointed = async () => (await rows()).filter(({ checkpoint }) => checkpoint !== null).length;
    await expect.poll(checkpointed, patience).toBe(requests);
    const [first, second] = [open.replica(), open.replica()];
    await expire();
    const loops = [first, second, first, second].map((replica) => replica.recover());
    const settled = (await Promise.all(loops)).reduce((sum, count) => sum + count);
    expect(settled).toBe(requests);
    expect(open.heidrun.captures).toHaveLength(requests);
    expect(new Set(open.heidrun.captures.map(({ preauthId }) => preauthId)).size).toBe(requests);
    const ended = await rows();
    expect(new Set(ended.map(({ state, epoch }) => `${String(state)} ${String(epoch)}`))).toEqual(
      new Set(['COMPLETED 2']),
    );
    const events = await open.pool.query(`SELECT FROM outbox_events WHERE type = 'njordr.transaction.completed'`);
    expect(events.rowCount).toBe(requests);
    expect(open.heidrun.open()).toEqual([]);
  });

  it('an end whose confirmation was lost is not taken for somebody else’s', async () => {
    await open.close();
    open = await openRequests();
    open.hub.script('p1', ['one two', stop]);
    const query = open.pool.query.bind(open.pool) as (...values: unknown[]) => Promise<unknown>;
    let lost = 0;
    open.pool.query = (async (...values: unknown[]) => {
      const answer = await query(...values);
      const { name } = values[0] as { name?: string };
      if (name === 'transaction-end' && lost === 0) {
        lost += 1;
        throw new Error('Connection terminated unexpectedly');
      }
      return answer;
    }) as never;
    const { text, receipt } = await execute();
    expect(lost).toBe(1);
    expect({ text, status: receipt?.status }).toEqual({ text: 'one two', status: njordr.TransactionStatus.COMPLETED });
    expect(open.heidrun.captures).toHaveLength(1);
  });

  it('who pays, our own fault: the answer that was billed later is still there for a repeated call', async () => {
    open.hub.script('p1', ['one two three', stop]);
    open.heidrun.failing.set('capturePreAuth', [down]);
    await expect(execute('key-1')).rejects.toMatchObject({ reason: 'SETTLEMENT_DELAYED' });
    expect(await open.replica().recover()).toBe(1);
    const { text, accepted, receipt } = await execute('key-1');
    expect({ text, replayed: accepted?.replayed }).toEqual({ text: 'one two three', replayed: true });
    expect(receipt).toMatchObject({ outputTokens: 3n, finishReason: common.FinishReason.RECOVERED });
    expect(open.heidrun.captures).toHaveLength(1);
  });

  it('who pays, our own fault: a request in the background that a dead replica left is billed and can be read as far as it came', async () => {
    open.hub.script('p1', ['one two', HANG]);
    const { request } = await create();
    await expect.poll(async () => (await row())['checkpoint'], patience).toMatchObject([{ outputTokens: 2 }]);
    await expire();
    const heir = open.replica();
    expect(await heir.recover()).toBe(1);
    expect(await row()).toMatchObject({ state: 'COMPLETED', output_tokens: 2n });
    const read = await open.client().compute.getRequest({ requestId: request!.requestId, waitMs: 0 });
    expect(read.request?.result?.content).toBe('one two');
  });

  it('the database is lost in the middle of an answer: the answer goes on, and is billed in full', async () => {
    await open.close();
    open = await openRequests();
    open.hub.script('p1', ['one', { pauseMs: 1_500 }, ' two three', stop]);
    const query = open.pool.query.bind(open.pool) as (...values: unknown[]) => Promise<unknown>;
    let away = 0;
    open.pool.query = (async (...values: unknown[]) => {
      const { name } = values[0] as { name?: string };
      if (name === 'transaction-start' || name === 'transaction-renew') {
        away += 1;
        throw new Error('connect ECONNREFUSED');
      }
      return query(...values);
    }) as never;
    const { text, receipt } = await execute();
    expect(away).toBeGreaterThan(1);
    expect({ text, outputTokens: receipt?.outputTokens }).toEqual({ text: 'one two three', outputTokens: 3n });
    expect(await row()).toMatchObject({ state: 'COMPLETED', output_tokens: 3n });
    const { holds } = open.heidrun;
    expect([...holds.values()].map(({ status }) => status)).toEqual([heidrun.PreAuthStatus.CAPTURED]);
  });
});
