import { randomUUID } from 'node:crypto';
import { njordr } from '@edda/contracts';
import { waitFor } from '@edda/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, openRequests, type OpenedRequests, parameters } from './support/open-requests.ts';
import { HANG, stop } from './support/scripted-hub.ts';

const maxPending = 8;
let open: OpenedRequests;

beforeEach(async () => {
  open = await openRequests({ maxPending, http: {} });
  open.hub.script('p1', ['one two', stop]);
  open.received.refusing = true;
  open.relay.start();
});
afterEach(() => open.close());

const execute = (idempotencyKey = '') =>
  collect(open.client().compute.executeRequest({ idempotencyKey, parameters: parameters() }));
const create = () => open.client().compute.createRequest({ idempotencyKey: randomUUID(), parameters: parameters() });
const full = { kind: 'exhausted', reason: 'OUTBOX_FULL', retryAfterMs: 1_000 };

/** Works while the history is away, until a request is refused. */
const fill = () =>
  waitFor(
    () =>
      execute().then(
        () => false,
        (error: { reason?: string }) => error.reason === 'OUTBOX_FULL' || Promise.reject(error as Error),
      ),
    { timeoutMs: 60_000, what: 'the outbox is full' },
  );
const count = async (where: string) => {
  const { rows } = await open.pool.query<{ n: bigint }>(`SELECT count(*) AS n FROM outbox_events WHERE ${where}`);
  return Number(rows[0]?.n);
};

describe('while the outbox is full', () => {
  it('requests are refused with OUTBOX_FULL and the time to wait, over gRPC and HTTP, and leave no trace', async () => {
    await fill();
    const before = [await count('true'), open.heidrun.calls.length, open.hub.jobs.length];
    await expect(execute()).rejects.toMatchObject(full);
    await expect(create()).rejects.toMatchObject(full);
    const headers = { authorization: `Bearer ${await open.userToken()}`, 'content-type': 'application/json' };
    const messages = [{ role: 'user', content: 'Say something.' }];
    for (const path of ['/api/v1/marketplace/requests', '/v1/chat/completions']) {
      const body = JSON.stringify({ model: 'gpt-4o', messages });
      const answer = await fetch(open.httpUrl + path, { method: 'POST', headers, body });
      expect([answer.status, answer.headers.get('retry-after')], path).toEqual([429, '1']);
      expect(await answer.text()).toContain('OUTBOX_FULL');
    }
    expect([await count('true'), open.heidrun.calls.length, open.hub.jobs.length]).toEqual(before);
  });

  it('what was begun is finished, repeated and cancelled as ever', async () => {
    open.hub.script('p1', ['one two', stop], [HANG]);
    const first = await execute('mine');
    const { request } = await create();
    await waitFor(() => open.hub.jobs.length === 2);
    open.hub.script('p1', ['one two', stop]);
    await fill();
    expect((await execute('mine')).receipt?.transactionId).toBe(first.receipt?.transactionId);
    const { requestId } = request!;
    const { compute } = open.client();
    await compute.cancelRequest({ idempotencyKey: randomUUID(), requestId, reason: 'enough' });
    await waitFor(async () => {
      const { request: now } = await compute.getRequest(njordr.GetRequestRequest.fromPartial({ requestId }));
      return now?.status === njordr.TransactionStatus.CANCELLED || now?.status === njordr.TransactionStatus.COMPLETED;
    });
    expect(open.heidrun.open()).toEqual([]);
  });

  it('nothing is dropped: once the history takes events again, it gets every one and work goes on', async () => {
    await fill();
    const written = await count('true');
    expect(written).toBeGreaterThanOrEqual(maxPending);
    open.received.refusing = false;
    await waitFor(async () => (await count('NOT published')) === 0, { timeoutMs: 60_000, what: 'the outbox is empty' });
    expect(open.received.events.length + open.received.observations.length).toBeGreaterThanOrEqual(written);
    const { rows } = await open.pool.query(
      'SELECT subject FROM outbox_events GROUP BY subject HAVING max(sequence) <> count(*)',
    );
    expect(rows).toEqual([]);
    const answer = await waitFor(() => execute().catch(() => undefined), { timeoutMs: 60_000, what: 'work goes on' });
    expect(answer?.receipt?.status).toBe(njordr.TransactionStatus.COMPLETED);
  });
});
