import { common, njordr } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type CallContext } from '@edda/grpc-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createExecuteRequest } from '../src/requests/execute-request.ts';
import { collect, openRequests, type OpenedRequests, parameters } from './support/open-requests.ts';
import { HANG, stop } from './support/scripted-hub.ts';

const down = commonFaults.DEPENDENCY_UNAVAILABLE('down');

describe('domain.md, recovery: who lost a transaction leaves its money alone', () => {
  let open: OpenedRequests;
  beforeEach(async () => {
    open = await openRequests({ settings: { requests: { settleRetryMs: 0 }, recovery: { leaseSeconds: 1 } } });
  });
  afterEach(() => open.close());
  const execute = (changes = {}) =>
    collect(open.client().compute.executeRequest({ idempotencyKey: '', parameters: parameters(changes) }));
  const row = async () => (await open.pool.query('SELECT * FROM transactions')).rows[0] as Record<string, unknown>;
  const expire = () => open.pool.query(`UPDATE transactions SET lease_until = now() - interval '1 second'`);

  it('a hold that takes longer than a lease does not cost the lease', async () => {
    open.hub.script('p1', ['one two', stop]);
    const { promise, resolve } = Promise.withResolvers<void>();
    open.heidrun.waiting.set('preAuthorize', promise);
    const running = execute();
    await expect.poll(row).toBeDefined();
    await new Promise((wait) => setTimeout(wait, 1_500));
    expect(await open.replica().recover()).toBe(0);
    resolve();
    expect((await running).text).toBe('one two');
    expect(await row()).toMatchObject({ state: 'COMPLETED' });
  });

  it('a hold that comes after recovery has ended the request is given back, and nothing is asked or captured', async () => {
    open.hub.script('p1', ['one two', stop]);
    const { promise, resolve } = Promise.withResolvers<void>();
    open.heidrun.waiting.set('preAuthorize', promise);
    const running = execute();
    running.catch(() => undefined);
    await expect.poll(row).toBeDefined();
    await expire();
    expect(await open.replica().recover()).toBe(1);
    resolve();
    await expect(running).rejects.toMatchObject({ reason: 'SETTLEMENT_DELAYED' });
    expect(await row()).toMatchObject({ state: 'FAILED', total_cost_cents: 0n });
    expect(open.heidrun.captures).toEqual([]);
    expect(open.heidrun.open()).toEqual([]);
    expect(open.market.inFlight()).toBe(0);
  });

  it('what another replica settled is not delivered any further', async () => {
    open.hub.script('p1', ['one two', HANG]);
    const running = execute();
    running.catch(() => undefined);
    await expect.poll(async () => (await row())?.checkpoint).toMatchObject([{ outputTokens: 2 }]);
    await expire();
    expect(await open.replica().recover()).toBe(1);
    await expect(running).rejects.toMatchObject({ reason: 'SETTLEMENT_DELAYED' });
    expect(open.heidrun.captures).toHaveLength(1);
    expect(open.market.inFlight()).toBe(0);
  });

  it('domain.md, who pays: a provider failed and then the bill: recovery charges no input either', async () => {
    open.hub.script('p1', ['one two', { failed: 'fault' }]);
    open.heidrun.failing.set('capturePreAuth', [down]);
    await expect(execute()).rejects.toMatchObject({ reason: 'SETTLEMENT_DELAYED' });
    expect(await open.requests.recover()).toBe(1);
    expect(await row()).toMatchObject({
      state: 'COMPLETED',
      finish_reason: common.FinishReason.RECOVERED,
      input_tokens: 0n,
      output_tokens: 2n,
    });
  });

  it('a requester that stops reading does not keep the request beyond its deadline', async () => {
    open.hub.script('p1', ['one', ' two', ' three', stop]);
    const leaving = new AbortController();
    const ctx = {
      identity: { subject: 'u1', networkId: 'net-1', roles: new Set(['user']) },
      ...{ signal: leaving.signal, method: 'x' },
    } as unknown as CallContext;
    const call = createExecuteRequest(open.requests.compute);
    const events = call(
      njordr.ExecuteRequestRequest.fromPartial({ parameters: parameters({ timeoutMs: 1_000n }) }),
      ctx,
    );
    expect((await events.next()).value).toMatchObject({ event: { $case: 'accepted' } });
    expect((await events.next()).value).toMatchObject({ event: { $case: 'chunk' } });
    await expect.poll(row).toMatchObject({ state: 'COMPLETED', output_tokens: 1n });
    expect(open.market.inFlight()).toBe(0);
    // What it reads when it comes back is what it pays for.
    const rest = await collect({ [Symbol.asyncIterator]: () => ({ next: () => events.next() as never }) });
    expect(rest.kinds).toEqual(['receipt']);
  });
});
