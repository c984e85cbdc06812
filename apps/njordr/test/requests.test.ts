import { common, njordr } from '@edda/contracts';
import { createTokenCounter } from '@edda/tokens';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, openRequests, type OpenedRequests, parameters } from './support/open-requests.ts';
import { stop } from './support/scripted-hub.ts';

const Finish = common.FinishReason;
const Status = njordr.TransactionStatus;
const tokens = (text: string) => createTokenCounter().countText('gpt-4o', text).tokens;
const INPUT = createTokenCounter().countMessages('gpt-4o', [{ role: 'user', content: 'Say something.' }]).tokens;

describe('a request over gRPC', () => {
  let open: OpenedRequests;
  beforeEach(async () => {
    open = await openRequests();
  });
  afterEach(async () => {
    expect(open.heidrun.open()).toEqual([]);
    expect(open.market.inFlight()).toBe(0);
    await open.close();
  });
  const execute = (changes = {}, key = '') =>
    collect(open.client().compute.executeRequest({ idempotencyKey: key, parameters: parameters(changes) }));
  const answer = 'one two three';

  it('domain.md, who pays: completed, counted tokens at the pinned price, split to the cent', async () => {
    open.hub.script('p1', ['one', ' two', ' three', stop]);
    const { kinds, accepted, text, receipt } = await execute({ maxOutputTokens: 50n });
    expect(kinds).toEqual(['accepted', 'chunk', 'chunk', 'chunk', 'receipt']);
    expect(text).toBe(answer);
    const cost = BigInt((INPUT + tokens(answer)) * 10);
    expect(receipt).toMatchObject({
      status: Status.COMPLETED,
      finishReason: Finish.STOP,
      providerIds: ['p1'],
      inputTokens: BigInt(INPUT),
      outputTokens: BigInt(tokens(answer)),
      totalCostCents: cost,
      companyFeeCents: (cost * 15n) / 100n,
      releasedCents: accepted!.heldCents - cost,
      commissionRateBps: 1_500,
      tokenMethod: common.TokenMethod.EXACT,
      routing: { attempts: 1, eligible: 2n },
    });
    expect(receipt!.providerEarningsCents + receipt!.companyFeeCents).toBe(cost);
    expect(receipt!.ledgerTransferIds).toHaveLength(2);
    const { transaction } = await open.client().transactions.getTransaction({ transactionId: receipt!.transactionId });
    expect(transaction).toMatchObject({ status: Status.COMPLETED, totalCostCents: cost, legs: [{ attempt: 1 }] });
    expect(open.market.noted).toEqual(['served p1']);
  });

  it('reasoning and tool calls are output and billed', async () => {
    open.hub.script('p1', [{ reasoning: 'hm hm' }, { tool: 'lookup' }, { done: Finish.TOOL_CALLS }]);
    const { receipt, chunks } = await execute();
    expect(chunks.map(({ reasoning, toolCalls }) => reasoning || toolCalls[0]?.name)).toEqual(['hm hm', 'lookup']);
    expect(receipt).toMatchObject({ outputTokens: BigInt(tokens('hm hmlookup{}')), finishReason: Finish.TOOL_CALLS });
  });

  it.each([
    ['no-capacity', 1, []],
    ['transient', 2, []],
    ['fault', 1, ['fault p1']],
  ] as const)(
    'domain.md, routing 5: %s before the first token goes on to the next provider',
    async (failed, asked, noted) => {
      open.hub.script('p1', [{ failed }]);
      open.hub.script('p2', [answer, stop]);
      const { receipt, failovers } = await execute();
      expect(receipt).toMatchObject({ providerIds: ['p2'], inputTokens: BigInt(INPUT) });
      expect(open.hub.jobs.filter(({ providerId }) => providerId === 'p1')).toHaveLength(asked);
      expect(failovers.at(-1)).toMatchObject({ fromProviderId: 'p1', toProviderId: 'p2', continued: false });
      expect(open.market.noted).toEqual([...noted, 'served p2']);
    },
  );

  it('a bad request goes back to the requester, and nobody else is asked', async () => {
    open.hub.script('p1', [{ failed: 'bad-request' }]);
    await expect(execute()).rejects.toMatchObject({ reason: 'REQUEST_REFUSED_BY_PROVIDER' });
    expect(open.hub.jobs).toHaveLength(1);
    expect(open.market.noted).toEqual([]);
  });

  it('domain.md, who pays: every attempt fails without output, nothing', async () => {
    open.hub.script('p1', [{ failed: 'fault' }]);
    open.hub.script('p2', [{ failed: 'transient' }]);
    await expect(execute()).rejects.toMatchObject({ reason: 'PROVIDERS_FAILED' });
    const { rows } = await open.pool.query('SELECT state, total_cost_cents, failure_reason FROM transactions');
    expect(rows).toEqual([{ state: 'FAILED', total_cost_cents: 0n, failure_reason: 'PROVIDERS_FAILED' }]);
    expect(open.heidrun.walletCents).toBe(1_000_000n);
  });

  it('all full: NO_PROVIDER_AVAILABLE with retry information', async () => {
    open.hub.script('p1', [{ failed: 'no-capacity' }]);
    open.hub.script('p2', [{ failed: 'no-capacity' }]);
    await expect(execute()).rejects.toMatchObject({ reason: 'NO_PROVIDER_AVAILABLE', retryAfterMs: 1_000 });
  });

  it('domain.md, who pays: an empty answer, nothing', async () => {
    open.hub.script('p1', [stop]);
    await expect(execute()).rejects.toMatchObject({ reason: 'EMPTY_ANSWER' });
    expect(open.heidrun.walletCents).toBe(1_000_000n);
  });

  it('domain.md, who pays: a provider fails after the first token, the delivered output without input', async () => {
    open.hub.script('p1', ['one two', { failed: 'fault' }]);
    const { receipt } = await execute();
    expect(receipt).toMatchObject({
      status: Status.COMPLETED,
      finishReason: Finish.PROVIDER_FAILED,
      inputTokens: 0n,
      outputTokens: BigInt(tokens('one two')),
      totalCostCents: BigInt(tokens('one two') * 10),
    });
    expect(open.market.noted).toEqual(['fault p1']);
  });

  it('the stream is cut before delivered tokens exceed the hold', async () => {
    open.hub.script('p1', ['one two', ' three four five six seven', 'hang!']);
    const limited = BigInt(INPUT + 4) * 10n;
    const { text, receipt } = await execute({ maxCostCents: limited });
    expect(tokens(text)).toBe(4);
    expect(receipt).toMatchObject({ finishReason: Finish.LENGTH, costLimited: true, totalCostCents: limited });
    expect(open.hub.jobs[0]?.cancelled).toBe('cost-limit');
  });

  it('… and at max_output_tokens without a cost limit being blamed', async () => {
    open.hub.script('p1', ['one two three four', stop]);
    const { text, receipt } = await execute({ maxOutputTokens: 2n });
    expect(text).toBe('one two');
    expect(receipt).toMatchObject({ finishReason: Finish.LENGTH, costLimited: false });
  });

  it('domain.md, who pays: the client goes before the first token, nothing', async () => {
    open.hub.script('p1', ['hang!']);
    const stream = open.client().compute.executeRequest({ idempotencyKey: '', parameters: parameters() });
    for await (const { event } of stream) if (event?.$case === 'accepted') break;
    await ended('CANCELLED');
    expect(open.heidrun.walletCents).toBe(1_000_000n);
    expect(open.hub.jobs[0]?.cancelled).toBe('requester');
  });

  it('domain.md, who pays: the client goes after the first token, input and what was delivered', async () => {
    open.hub.script('p1', ['one two', 'hang!']);
    const stream = open.client().compute.executeRequest({ idempotencyKey: '', parameters: parameters() });
    for await (const { event } of stream) if (event?.$case === 'chunk') break;
    const row = await ended('COMPLETED');
    expect(row).toMatchObject({
      finish_reason: Finish.CANCELLED,
      input_tokens: BigInt(INPUT),
      output_tokens: BigInt(tokens('one two')),
    });
  });

  it('the deadline before the first token: DEADLINE_EXCEEDED, nothing', async () => {
    open.hub.script('p1', ['hang!']);
    await expect(execute({ timeoutMs: 200n })).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
    expect(open.hub.jobs[0]?.cancelled).toBe('deadline');
  });

  it('CreateRequest works in the background; GetRequest waits and brings the answer, to its owner only', async () => {
    open.hub.script('p1', ['one', { pauseMs: 1_000 }, ' two', stop]);
    const { compute } = open.client();
    const { request } = await compute.createRequest({ idempotencyKey: 'k', parameters: parameters() });
    const { requestId } = request!;
    expect([Status.PENDING, Status.PROCESSING]).toContain(request!.status);
    const { request: done } = await compute.getRequest({ requestId, waitMs: 5_000 });
    expect(done).toMatchObject({ status: Status.COMPLETED, result: { content: 'one two' } });
    expect(done?.receipt?.totalCostCents).toBe(BigInt((INPUT + 2) * 10));
    const again = await compute.createRequest({ idempotencyKey: 'k', parameters: parameters() });
    expect(again.request?.requestId).toBe(requestId);
    const { rows } = await open.pool.query<{ sealed: Buffer }>('SELECT sealed FROM request_results');
    expect(rows[0]?.sealed.toString('latin1')).not.toContain('one two');
    for (const stranger of [open.client('u2'), open.client('u1', { networkId: 'net-2' })]) {
      await expect(stranger.compute.getRequest({ requestId, waitMs: 0 })).rejects.toMatchObject({
        reason: 'NOT_FOUND',
      });
      const cancel = stranger.compute.cancelRequest({ requestId, idempotencyKey: '', reason: '' });
      await expect(cancel).rejects.toMatchObject({ reason: 'NOT_FOUND' });
      const explain = stranger.compute.explainRouting({ requestId, providerId: '' });
      await expect(explain).rejects.toMatchObject({ reason: 'NOT_FOUND' });
      const transaction = stranger.transactions.getTransaction({ transactionId: done!.transactionId });
      await expect(transaction).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    }
  });

  it('CancelRequest before the first token ends CANCELLED; a second one changes nothing', async () => {
    open.hub.script('p1', ['hang!']);
    const { compute } = open.client();
    const { request } = await compute.createRequest({ idempotencyKey: '', parameters: parameters() });
    const cancel = { requestId: request!.requestId, idempotencyKey: 'c', reason: 'changed my mind' };
    expect((await compute.cancelRequest(cancel)).request?.status).toBe(Status.CANCELLED);
    expect((await compute.cancelRequest(cancel)).request?.status).toBe(Status.CANCELLED);
    const other = compute.cancelRequest({ ...cancel, reason: 'another' });
    await expect(other).rejects.toMatchObject({ reason: 'IDEMPOTENCY_CONFLICT' });
  });

  it('CancelRequest after the first token is billed as delivered', async () => {
    open.hub.script('p1', ['one two', 'hang!']);
    const { compute } = open.client();
    const { request } = await compute.createRequest({ idempotencyKey: '', parameters: parameters() });
    await expect
      .poll(() => open.pool.query('SELECT FROM transactions WHERE checkpoint IS NOT NULL'))
      .toMatchObject({ rowCount: 1 });
    const { request: after } = await compute.cancelRequest({
      requestId: request!.requestId,
      idempotencyKey: '',
      reason: '',
    });
    expect(after).toMatchObject({ status: Status.COMPLETED, receipt: { finishReason: Finish.CANCELLED } });
    expect(after?.receipt?.totalCostCents).toBe(BigInt((INPUT + tokens('one two')) * 10));
  });

  it('domain.md, idempotency: a repeated call replays answer and receipt, bills once, refuses other content', async () => {
    open.hub.script('p1', [answer, stop]);
    const first = await execute({}, 'key-1');
    const second = await execute({}, 'key-1');
    expect(second.accepted).toMatchObject({ replayed: true, requestId: first.accepted!.requestId });
    expect(second.text).toBe(answer);
    expect(second.receipt).toEqual(first.receipt);
    expect(open.heidrun.captures).toHaveLength(1);
    await expect(execute({ maxOutputTokens: 5n }, 'key-1')).rejects.toMatchObject({ reason: 'IDEMPOTENCY_CONFLICT' });
    const other = open.client('u2').compute.executeRequest({ idempotencyKey: 'key-1', parameters: parameters() });
    expect((await collect(other)).accepted?.replayed).toBe(false);
    await open.pool.query('DELETE FROM request_results');
    expect((await execute({}, 'key-1')).kinds).toEqual(['accepted', 'receipt']);
  });

  it('concurrent duplicates wait for the first', async () => {
    open.hub.script('p1', ['one', { pauseMs: 150 }, ' two', stop]);
    const all = await Promise.all(Array.from({ length: 5 }, () => execute({}, 'same')));
    expect(new Set(all.map(({ receipt }) => receipt?.transactionId)).size).toBe(1);
    expect(all.map(({ text }) => text)).toEqual(Array(5).fill('one two'));
    expect(open.heidrun.captures).toHaveLength(1);
  });

  it('only committed outcomes are remembered: a failed call may be made again with its key', async () => {
    open.hub.script('p1', [stop], [answer, stop]);
    await expect(execute({}, 'again')).rejects.toMatchObject({ reason: 'EMPTY_ANSWER' });
    expect((await execute({}, 'again')).accepted?.replayed).toBe(false);
  });

  async function ended(state: string) {
    await expect
      .poll(async () => (await open.pool.query<{ state: string }>('SELECT state FROM transactions')).rows[0]?.state)
      .toBe(state);
    return (await open.pool.query('SELECT * FROM transactions')).rows[0] as Record<string, unknown>;
  }
});
