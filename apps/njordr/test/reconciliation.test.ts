import { heidrun } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { audited } from '@edda/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, openRequests, type OpenedRequests, parameters } from './support/open-requests.ts';
import { HANG, stop } from './support/scripted-hub.ts';

const Status = heidrun.PreAuthStatus;
const patience = { timeout: 15_000 };

describe('reconciliation of transactions and holds', () => {
  let open: OpenedRequests;
  beforeEach(async () => {
    open = await openRequests({ settings: { requests: { settleRetryMs: 0 } } });
    open.hub.script('p1', ['one two', stop]);
  });
  afterEach(() => open.close());
  const execute = () => collect(open.client().compute.executeRequest({ idempotencyKey: '', parameters: parameters() }));
  const change = (sql: string) => open.pool.query(`UPDATE transactions SET ${sql}`);
  const found = async () =>
    (
      await open.pool.query<{ kind: string; action: string }>(
        'SELECT kind, action FROM reconciliation_differences ORDER BY kind',
      )
    ).rows.map(({ kind, action }) => `${kind} ${action}`);
  const events = async () =>
    (await open.pool.query(`SELECT FROM outbox_events WHERE type = 'njordr.reconciliation.difference'`)).rowCount;
  const soleHold = () => [...open.heidrun.holds.values()][0]!;

  it('finds nothing where everything is as it should be, and does not look at it again', async () => {
    for (let count = 0; count < 5; count += 1) await execute();
    const reconciler = open.reconciler({ pageSize: 2 });
    await expect.poll(() => reconciler.run()).toBe(0);
    expect(await found()).toEqual([]);
    const { rows } = await open.pool.query<{ behind: boolean }>(
      `SELECT compared_until < (SELECT max(created_at) FROM transactions) AS behind FROM reconciliation_cursors`,
    );
    expect(rows.map(({ behind }) => behind)).toEqual([false, false, false]);
    const before = open.heidrun.calls.length;
    await reconciler.run();
    // One page of open holds and one of holds made since: nothing old.
    expect(open.heidrun.calls.slice(before)).toEqual(['listPreAuths', 'listPreAuths']);
  });

  it('a hold that was made after Njörðr had given up is released, not kept until it expires', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    open.heidrun.waiting.set('preAuthorize', promise);
    const running = execute();
    running.catch(() => undefined);
    await expect.poll(() => open.heidrun.calls, patience).toContain('preAuthorize');
    // Njörðr hears nothing, and recovery finds no hold.
    await change(`lease_until = now() - interval '1 second'`);
    open.heidrun.failing.set('cancelPreAuth', [commonFaults.DEPENDENCY_UNAVAILABLE('down')]);
    expect(await open.replica().recover()).toBe(1);
    resolve();
    await expect(running).rejects.toBeDefined();
    expect(soleHold().status).toBe(Status.PENDING);
    expect(await open.reconciler().run()).toBe(1);
    expect(soleHold().status).toBe(Status.CANCELLED);
    expect(await found()).toEqual(['HOLD_LEFT_OPEN REPAIRED']);
    expect(await events()).toBe(1);
    const repairs = (await audited(open.pool)).filter(({ action }) => action === 'difference.repaired');
    expect(repairs).toHaveLength(1);
  });

  it('a hold whose request still runs is left alone', async () => {
    open.hub.script('p1', ['one two', HANG]);
    const { compute } = open.client();
    const { request } = await compute.createRequest({ idempotencyKey: '', parameters: parameters() });
    await expect.poll(() => open.heidrun.open().length, patience).toBe(1);
    expect(await open.reconciler({ settledAfterSeconds: 60 }).run()).toBe(0);
    expect(open.heidrun.open()).toHaveLength(1);
    await compute.cancelRequest({ requestId: request!.requestId, idempotencyKey: '', reason: '' });
  });

  it.each([
    [
      'figures that differ',
      `total_cost_cents = 1, provider_earnings_cents = 1, company_fee_cents = 0`,
      'FIGURES_DIFFER',
    ],
    [
      'a capture that the transaction does not know of',
      `state = 'FAILED', total_cost_cents = 0, provider_earnings_cents = 0, company_fee_cents = 0`,
      'CAPTURED_UNCOMPLETED',
    ],
    ['a transaction that never ended', `state = 'PROCESSING'`, 'TRANSACTION_STUCK'],
  ])('%s: reported once, with the event, until it is put right', async (_, sql, kind) => {
    const { receipt } = await execute();
    await change(sql);
    const reconciler = open.reconciler();
    expect(await reconciler.run()).toBe(1);
    expect(await found()).toEqual([`${kind} REPORTED`]);
    expect(await reconciler.run()).toBe(0);
    expect(await events()).toBe(1);
    // The operator puts it right; the next run says so.
    await change(`state = 'COMPLETED', total_cost_cents = ${receipt!.totalCostCents},
      provider_earnings_cents = ${receipt!.providerEarningsCents}, company_fee_cents = ${receipt!.companyFeeCents}`);
    await reconciler.run();
    expect(await found()).toEqual([`${kind} RESOLVED`]);
    expect(await events()).toBe(2);
  });

  it('a bill without a hold, or whose hold was never captured, is reported from Njörðr’s side', async () => {
    await execute();
    const hold = soleHold();
    open.heidrun.holds.clear();
    expect(await open.reconciler().run()).toBe(1);
    expect(await found()).toEqual(['HOLD_MISSING REPORTED']);
    open.heidrun.holds.set(hold.preauthId, { ...hold, status: Status.EXPIRED });
    await execute();
    await open.pool.query(`UPDATE reconciliation_cursors SET compared_until = to_timestamp(0)`);
    await open.reconciler().run();
    expect(await found()).toEqual(['CAPTURE_MISSING REPORTED', 'HOLD_MISSING RESOLVED']);
  });

  it('many replicas at once find each difference once, whatever the size of their pages', async () => {
    for (let count = 0; count < 7; count += 1) await execute();
    await change(`total_cost_cents = 1, provider_earnings_cents = 1, company_fee_cents = 0`);
    const replicas = [1, 2, 3, 100].map((pageSize) => open.reconciler({ pageSize, intervalMs: 60_000 }));
    const counts = await Promise.all(replicas.map((replica) => replica.run()));
    expect(counts.reduce((sum, count) => sum + count)).toBe(7);
    expect(await events()).toBe(7);
  });

  it('what one run does not reach, the next one does', async () => {
    for (let count = 0; count < 6; count += 1) await execute();
    await change(`total_cost_cents = 1, provider_earnings_cents = 1, company_fee_cents = 0`);
    const reconciler = open.reconciler({ pageSize: 1, maxPages: 2 });
    const first = await reconciler.run();
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(6);
    await expect.poll(async () => (await reconciler.run(), (await found()).length), patience).toBe(6);
  });
});
