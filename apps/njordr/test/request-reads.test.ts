import { randomBytes } from 'node:crypto';
import { common, njordr } from '@edda/contracts';
import { createTokenCounter } from '@edda/tokens';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, openRequests, type OpenedRequests, parameters } from './support/open-requests.ts';
import { stop } from './support/scripted-hub.ts';

const Finish = common.FinishReason;
const Status = njordr.TransactionStatus;
const INPUT = createTokenCounter().countMessages('gpt-4o', [{ role: 'user', content: 'Say something.' }]).tokens;
const answer = 'one two three';

describe('what remains of a request', () => {
  let open: OpenedRequests;
  beforeEach(async () => {
    open = await openRequests();
  });
  afterEach(() => open.close());
  const execute = () => collect(open.client().compute.executeRequest({ idempotencyKey: '', parameters: parameters() }));

  it('ExplainRouting tells why, and why not another; owners see no other names', async () => {
    open.hub.script('p1', [answer, stop]);
    const { accepted, receipt } = await execute();
    const { requestId } = accepted!;
    const own = await open.client().compute.explainRouting({ requestId, providerId: 'p2' });
    expect(own.decision).toMatchObject({
      chosenProviderId: 'p1',
      eligible: 2n,
      attempts: [{ providerId: 'p1', outcome: 1 }],
    });
    expect(own.provider).toMatchObject({ providerId: 'p2', rank: 2 });
    const owner = open.client('owner-p2', { networkId: 'net-p', roles: ['provider'] });
    const seen = await owner.compute.explainRouting({ requestId, providerId: 'p2' });
    expect(seen.decision?.best.map(({ providerId }) => providerId)).toEqual(['', 'p2']);
    const asOwner = open.client('owner-p1', { networkId: 'net-p', roles: ['provider'] });
    const { transactions } = await asOwner.transactions.listTransactions(
      njordr.ListTransactionsRequest.fromPartial({}),
    );
    expect(transactions).toMatchObject([
      { transactionId: receipt!.transactionId, requesterId: '', legs: [{ providerId: 'p1' }] },
    ]);
    expect(
      (await owner.transactions.listTransactions(njordr.ListTransactionsRequest.fromPartial({}))).transactions,
    ).toEqual([]);
  });

  it('ExplainRouting keeps quiet about what another network keeps for itself', async () => {
    open.hub.script('p1', [answer, stop]);
    Object.assign(open.market.offers[1]!, { sharing: 'own-network' });
    const { accepted } = await execute();
    const { provider } = await open.client().compute.explainRouting({
      requestId: accepted!.requestId,
      providerId: 'p2',
    });
    expect(provider).toEqual(
      njordr.RankedProvider.fromPartial({ providerId: 'p2', filteredBy: njordr.RoutingFilter.MODEL }),
    );
  });

  it('ListTransactions pages through the own ones in order', async () => {
    open.hub.script('p1', [answer, stop]);
    const ids: string[] = [];
    for (let index = 0; index < 3; index += 1) ids.unshift((await execute()).receipt!.transactionId);
    const { transactions } = open.client();
    const list = (changes: object) =>
      transactions.listTransactions(njordr.ListTransactionsRequest.fromPartial(changes));
    const first = await list({ pageSize: 2 });
    const rest = await list({ pageSize: 2, pageToken: first.nextPageToken });
    expect([...first.transactions, ...rest.transactions].map(({ transactionId }) => transactionId)).toEqual(ids);
    expect(rest.nextPageToken).toBe('');
    expect((await list({ side: njordr.TransactionSide.PROVIDER })).transactions).toEqual([]);
    expect((await list({ orderBy: 'total_cost_cents asc', statuses: [Status.COMPLETED] })).transactions).toHaveLength(
      3,
    );
    await expect(list({ orderBy: 'nonsense' })).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
    const [scope = ''] = JSON.parse(Buffer.from(first.nextPageToken, 'base64url').toString()) as string[];
    const forged = Buffer.from(JSON.stringify([scope, 'no time', 'x'])).toString('base64url');
    const refused = { reason: 'INVALID_INPUT', violations: [{ field: 'page_token' }] };
    await expect(list({ pageSize: 2, pageToken: forged })).rejects.toMatchObject(refused);
    expect(
      (await open.client('u2').transactions.listTransactions(njordr.ListTransactionsRequest.fromPartial({})))
        .transactions,
    ).toEqual([]);
  });

  it('QuoteRequest ranks and prices, and leaves nothing behind', async () => {
    const request = { parameters: parameters({ maxOutputTokens: 10n }), maxCandidates: 1 };
    const quote = await open.client().compute.quoteRequest(request);
    expect(quote).toMatchObject({
      candidates: [{ providerId: 'p1', rank: 1 }],
      eligible: 2n,
      outputBudgetTokens: 10n,
      estimatedCostCents: BigInt((INPUT + 10) * 10),
    });
    expect((await open.pool.query('SELECT FROM transactions')).rowCount).toBe(0);
    expect(open.heidrun.calls).toEqual([]);
  });

  it('answers other calls while it counts a huge prompt', async () => {
    // What is sent first and counted in the calling thread would be answered first.
    const order: string[] = [];
    const { compute } = open.client();
    const quote = (name: string, prompt: string) =>
      compute
        .quoteRequest({ parameters: parameters({ messages: [{ role: 'user', content: prompt }] }), maxCandidates: 1 })
        .finally(() => order.push(name));
    // One word without any break, in no order: what takes longest to count. No context has room for it.
    const huge = quote('huge', randomBytes(500_000).toString('hex').replaceAll(/\d/g, 'x'));
    const others = Array.from({ length: 5 }, () => quote('other', 'Say something.'));
    await expect(huge).rejects.toMatchObject({ reason: 'CONTEXT_TOO_LONG' });
    await Promise.all(others);
    expect(order).toEqual(['other', 'other', 'other', 'other', 'other', 'huge']);
  });

  it('domain.md, quality: one observation per attempt and the events reach their receivers, without any text', async () => {
    open.hub.script('p1', [{ failed: 'fault' }]);
    open.hub.script('p2', ['a very secret answer', { done: Finish.STOP, claimed: 8n }]);
    await execute();
    await open.relay.drainOnce();
    expect(open.received.events.sort()).toEqual(['njordr.request.accepted', 'njordr.transaction.completed']);
    // Each observation is a subject of its own, so they arrive in any order.
    expect(open.received.observations.sort((a, b) => a.attempt - b.attempt)).toMatchObject([
      { providerId: 'p1', outcome: 2, attempt: 1 },
      { providerId: 'p2', outcome: 1, attempt: 2, checks: { meteringDeviationBps: 10_000, empty: false } },
    ]);
    expect(JSON.stringify(open.received.payloads)).not.toContain('secret');
    expect(await open.relay.drainOnce()).toBe(0);
  });
});
