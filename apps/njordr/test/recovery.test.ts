import { join } from 'node:path';
import { common } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { auditTables } from '@edda/audit';
import { idempotencyTables, outboxTables } from '@edda/pg-kit';
import { settingsTables } from '@edda/service-kit';
import { prismaSchemaDrift } from '@edda/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, openRequests, type OpenedRequests, parameters } from './support/open-requests.ts';
import { stop } from './support/scripted-hub.ts';

describe('domain.md, recovery', () => {
  let open: OpenedRequests;
  beforeEach(async () => {
    open = await openRequests({ settings: { requests: { settleRetryMs: 0 } } });
  });
  afterEach(() => open.close());
  const execute = () => collect(open.client().compute.executeRequest({ idempotencyKey: '', parameters: parameters() }));
  const row = async () => (await open.pool.query('SELECT * FROM transactions')).rows[0] as Record<string, unknown>;
  const down = commonFaults.DEPENDENCY_UNAVAILABLE('down');

  it('our own fault after delivery: the last checkpoint is settled, exactly once', async () => {
    open.hub.script('p1', ['one two three', stop]);
    open.heidrun.failing.set('capturePreAuth', [down]);
    await expect(execute()).rejects.toMatchObject({ reason: 'SETTLEMENT_DELAYED' });
    expect(await row()).toMatchObject({ state: 'PROCESSING', checkpoint: [{ outputTokens: 3, attempt: 1 }] });
    const settled = await Promise.all([open.requests.recover(), open.replica().recover()]);
    expect(settled.reduce((sum, count) => sum + count)).toBe(1);
    expect(await row()).toMatchObject({
      state: 'COMPLETED',
      finish_reason: common.FinishReason.RECOVERED,
      output_tokens: 3n,
      // One for giving it up, one for taking it over.
      epoch: 3n,
    });
    expect(open.heidrun.captures).toHaveLength(1);
    expect(await open.requests.recover()).toBe(0);
  });

  it('where Heidrun already captured, its result is adopted', async () => {
    open.hub.script('p1', ['one two three', stop]);
    open.heidrun.losing.add('capturePreAuth');
    await expect(execute()).rejects.toMatchObject({ reason: 'SETTLEMENT_DELAYED' });
    await open.requests.recover();
    expect(await row()).toMatchObject({ state: 'COMPLETED', output_tokens: 3n });
    expect(open.heidrun.captures).toHaveLength(1);
  });

  it('a replica that lost its lease changes nothing any more, and the requester is not told otherwise', async () => {
    open.hub.script('p1', ['one two', { pauseMs: 400 }, ' three', stop]);
    const running = execute();
    running.catch(() => undefined);
    await expect.poll(async () => (await row())?.checkpoint).toMatchObject([{ outputTokens: 2 }]);
    await open.pool.query(`UPDATE transactions SET lease_until = now() - interval '1 second'`);
    expect(await open.replica().recover()).toBe(1);
    await expect(running).rejects.toMatchObject({ reason: 'SETTLEMENT_DELAYED' });
    expect(await row()).toMatchObject({ state: 'COMPLETED', output_tokens: 2n, epoch: 2n });
    expect(open.heidrun.captures).toHaveLength(1);
  });

  it('a lease that is kept is not claimed; one lost before the first token gives the hold back', async () => {
    open.hub.script('p1', ['hang!']);
    const { request } = await open.client().compute.createRequest({ idempotencyKey: '', parameters: parameters() });
    expect(await open.replica().recover()).toBe(0);
    await open.pool.query(`UPDATE transactions SET lease_until = now() - interval '1 second'`);
    expect(await open.replica().recover()).toBe(1);
    expect(await row()).toMatchObject({ request_id: request?.requestId, state: 'FAILED', total_cost_cents: 0n });
    expect(open.heidrun.open()).toEqual([]);
  });

  it('shutting down settles what was delivered', async () => {
    open.hub.script('p1', ['one two', 'hang!']);
    await open.client().compute.createRequest({ idempotencyKey: '', parameters: parameters() });
    await expect.poll(async () => (await row())?.checkpoint).toMatchObject([{ outputTokens: 2 }]);
    await open.requests.close(10);
    expect(await row()).toMatchObject({ state: 'COMPLETED', finish_reason: common.FinishReason.RECOVERED });
  });

  it('domain.md, privacy: answers are erased when their time is over', async () => {
    open.hub.script('p1', ['one two', stop]);
    const { compute } = open.client();
    const { request } = await compute.createRequest({ idempotencyKey: '', parameters: parameters() });
    const requestId = request!.requestId;
    expect((await compute.getRequest({ requestId, waitMs: 5_000 })).request?.result?.content).toBe('one two');
    await open.pool.query(`UPDATE request_results SET expires_at = now() - interval '1 second'`);
    expect((await compute.getRequest({ requestId, waitMs: 0 })).request?.result).toBeUndefined();
    await open.requests.sweep();
    expect((await open.pool.query('SELECT FROM request_results')).rowCount).toBe(0);
  });

  it('schema.prisma matches the migrated database', async () => {
    const schemaPath = join(import.meta.dirname, '../prisma/schema.prisma');
    const ignore = [...outboxTables, ...idempotencyTables, ...auditTables, ...settingsTables];
    expect(await prismaSchemaDrift({ schemaPath, pool: open.pool, ignore })).toEqual([]);
  });
});
