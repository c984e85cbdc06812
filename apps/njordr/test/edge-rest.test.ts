import { njordr } from '@edda/contracts';
import { type CallContext } from '@edda/grpc-kit';
import { describe, expect, it } from 'vitest';
import { njordrFaults } from '../src/faults.ts';
import { accepted, chunk, eventsOf, playing, receipt, startEdge, tokenFor } from './edge-fixture.ts';

const marketplace = '/api/v1/marketplace';

describe('provider routes', () => {
  it('registers through the same handler as gRPC and answers with the provider', async () => {
    let seen: { request: njordr.RegisterProviderRequest; ctx: CallContext } | undefined;
    const edge = await startEdge({
      provider: {
        registerProvider: async (request, ctx) => {
          seen = { request, ctx };
          const provider = njordr.Provider.fromPartial({
            providerId: 'p-1',
            status: njordr.ProviderStatus.PENDING,
            version: 1n,
          });
          return { provider };
        },
      },
    });
    const answer = await edge.call('POST', `${marketplace}/providers/register`, {
      headers: { 'idempotency-key': 'key-1', 'x-request-id': 'mine' },
      body: {
        device_id: 'd-1',
        configuration: { display_name: 'x', price: { price_cents: 3 }, sharing: { scope: 'PUBLIC' } },
      },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('x-request-id')).toBe('mine');
    expect(answer.json).toMatchObject({ provider_id: 'p-1', status: 'PENDING', version: 1 });
    expect(seen?.request).toEqual(
      njordr.RegisterProviderRequest.fromPartial({
        idempotencyKey: 'key-1',
        deviceId: 'd-1',
        configuration: { displayName: 'x', price: { priceCents: 3n }, sharing: { scope: njordr.SharingScope.PUBLIC } },
      }),
    );
    expect(seen?.ctx.identity).toMatchObject({ subject: 'user-1', networkId: 'net-1' });
    expect(seen?.ctx.method).toBe('/edda.njordr.v1.ProviderService/RegisterProvider');
    expect(seen?.ctx.deadline.getTime()).toBeGreaterThan(Date.now());
  });

  it('reads a query string by the contract’s types', async () => {
    let seen: njordr.ListProvidersRequest | undefined;
    const edge = await startEdge({
      provider: {
        listProviders: async (request) => {
          seen = request;
          return { providers: [], nextPageToken: 'next' };
        },
      },
    });
    const answer = await edge.call('GET', `${marketplace}/providers?page_size=5&statuses=ACTIVE,PENDING&own_only=true`);
    expect(answer.json).toEqual({ providers: [], next_page_token: 'next' });
    const { ACTIVE, PENDING } = njordr.ProviderStatus;
    expect(seen).toEqual(
      njordr.ListProvidersRequest.fromPartial({ pageSize: 5, statuses: [ACTIVE, PENDING], ownOnly: true }),
    );
  });

  it('puts the path’s id into update and unregister', async () => {
    const seen: unknown[] = [];
    const edge = await startEdge({
      provider: {
        updateProvider: async (request) => (seen.push(request), { provider: njordr.Provider.fromPartial({}) }),
        unregisterProvider: async (request) => (seen.push(request), { provider: njordr.Provider.fromPartial({}) }),
      },
    });
    const path = `${marketplace}/providers/p-7`;
    await edge.call('PUT', path, { body: { configuration: {}, update_mask: ['price'], expected_version: 4 } });
    await edge.call('DELETE', `${path}?reason=sold`);
    // Handlers insist on a key; without one of the caller's the call gets its own.
    expect(seen).toMatchObject([
      {
        providerId: 'p-7',
        updateMask: ['price'],
        expectedVersion: 4n,
        idempotencyKey: expect.stringMatching(/^http:/) as string,
      },
      { providerId: 'p-7', reason: 'sold' },
    ]);
  });
});

describe('request routes', () => {
  it('starts a request from parameters that stand in the body directly: 202', async () => {
    let seen: njordr.CreateRequestRequest | undefined;
    const edge = await startEdge({
      compute: {
        createRequest: async (request) => {
          seen = request;
          return { request: njordr.ComputeRequest.fromPartial({ requestId: 'req-1', maxCostCents: 50n }) };
        },
      },
    });
    const body = { model: 'm', prompt: 'hello', max_cost_cents: 50, preferences: { min_quality: 0.5 } };
    const answer = await edge.call('POST', `${marketplace}/requests`, { body });
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({ request_id: 'req-1', max_cost_cents: 50 });
    expect(seen?.parameters).toEqual(
      njordr.ComputeParameters.fromPartial({
        model: 'm',
        prompt: 'hello',
        maxCostCents: 50n,
        preferences: { minQuality: 0.5 },
      }),
    );
    expect(seen?.idempotencyKey).toBe('');
  });

  it('streams with "stream": true, each event under its name', async () => {
    const failover: njordr.ExecuteRequestResponse = {
      event: {
        $case: 'failover',
        value: njordr.ExecutionFailover.fromPartial({ fromProviderId: 'a', toProviderId: 'b' }),
      },
    };
    const edge = await startEdge({
      compute: { executeRequest: playing(accepted(), failover, chunk(1n, 'Hi'), receipt()) },
    });
    const answer = await edge.call('POST', `${marketplace}/requests`, {
      body: { model: 'm', prompt: 'x', stream: true },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const events = eventsOf(answer.text);
    expect(events.map(({ event }) => event)).toEqual(['accepted', 'failover', 'chunk', 'receipt']);
    const data = { sequence: 1, content: 'Hi', reasoning: '', provider_id: 'prov-1', tool_calls: [] };
    expect(events[2]?.data).toEqual(data);
    expect(events[3]?.data).toMatchObject({ total_cost_cents: 4, status: 'COMPLETED', finish_reason: 'STOP' });
  });

  it('answers what fails before the first event with its status, and what fails later as the last event', async () => {
    const failing = (...events: njordr.ExecuteRequestResponse[]) =>
      startEdge({
        compute: {
          executeRequest: async function* () {
            yield* events;
            throw njordrFaults.NO_PROVIDER_AVAILABLE('Nobody is free.', { retryAfterMs: 1_500 });
          },
        },
      });
    const body = { model: 'm', prompt: 'x', stream: true };
    const early = await (await failing()).call('POST', `${marketplace}/requests`, { body });
    expect(early.status).toBe(429);
    expect(early.headers.get('retry-after')).toBe('2');
    const late = await (await failing(accepted())).call('POST', `${marketplace}/requests`, { body });
    expect(late.status).toBe(200);
    expect(eventsOf(late.text).at(-1)).toMatchObject({
      event: 'error',
      data: { reason: 'NO_PROVIDER_AVAILABLE', status: 429 },
    });
  });

  it('reads, cancels, quotes, explains', async () => {
    const seen: Record<string, unknown>[] = [];
    const request = njordr.ComputeRequest.fromPartial({ requestId: 'req-1' });
    const note = <T>(given: object, answer: T): T => (seen.push(given as Record<string, unknown>), answer);
    const edge = await startEdge({
      compute: {
        getRequest: async (given) => note(given, { request }),
        cancelRequest: async (given) => note(given, { request }),
        quoteRequest: async (given) => note(given, njordr.QuoteRequestResponse.fromPartial({ estimatedCostCents: 3n })),
        explainRouting: async (given) =>
          note(given, njordr.ExplainRoutingResponse.fromPartial({ decision: { requestId: 'r' } })),
      },
    });
    const base = `${marketplace}/requests`;
    expect((await edge.call('GET', `${base}/req-1?wait_ms=10`)).json).toMatchObject({ request_id: 'req-1' });
    expect((await edge.call('DELETE', `${base}/req-1`)).json).toMatchObject({ request_id: 'req-1' });
    expect(
      (await edge.call('POST', `${base}/quote`, { body: { model: 'm', prompt: 'x', max_candidates: 3 } })).json,
    ).toMatchObject({ estimated_cost_cents: 3 });
    expect((await edge.call('GET', `${base}/req-1/routing?provider_id=p-1`)).json).toHaveProperty('decision');
    expect(seen).toMatchObject([
      { requestId: 'req-1', waitMs: 10 },
      { requestId: 'req-1' },
      { parameters: { model: 'm' }, maxCandidates: 3 },
      { requestId: 'req-1', providerId: 'p-1' },
    ]);
  });
});

describe('transaction routes', () => {
  it('lists with a time range in the query', async () => {
    let seen: njordr.ListTransactionsRequest | undefined;
    const edge = await startEdge({
      transaction: {
        listTransactions: async (request) => {
          seen = request;
          return { transactions: [], nextPageToken: '' };
        },
        getTransaction: async ({ transactionId }) => ({
          transaction: njordr.Transaction.fromPartial({ transactionId }),
        }),
      },
    });
    const from = '2030-01-02T03:04:05.000Z';
    const list = await edge.call('GET', `${marketplace}/transactions?created.from=${from}&side=PROVIDER`);
    expect(list.status).toBe(200);
    expect(seen?.created).toEqual({ from: new Date(from), to: undefined });
    expect(seen?.side).toBe(njordr.TransactionSide.PROVIDER);
    expect((await edge.call('GET', `${marketplace}/transactions/tx-9`)).json).toMatchObject({ transaction_id: 'tx-9' });
  });
});

describe('what later versions bring', () => {
  const routes: [string, string][] = [
    ['POST', `${marketplace}/transactions/t/refund`],
    ['POST', `${marketplace}/transactions/t/disputes`],
    ['POST', `${marketplace}/requests/r/feedback`],
    ['GET', `${marketplace}/analytics/provider`],
    ['GET', `${marketplace}/analytics/requester`],
    ['GET', `${marketplace}/statistics`],
    ['GET', `${marketplace}/api-keys`],
    ['POST', `${marketplace}/api-keys`],
    ['DELETE', `${marketplace}/api-keys/k`],
    ['GET', '/api/v1/payments/payouts'],
    ['POST', '/api/v1/payments/payouts'],
  ];

  it('answers UNIMPLEMENTED to callers with a token, and 401 to others', async () => {
    const edge = await startEdge();
    for (const [method, path] of routes) {
      const answer = await edge.call(method, path, { ...(method === 'POST' && { body: {} }) });
      expect(answer.json, path).toMatchObject({ status: 501, reason: 'UNIMPLEMENTED' });
      expect((await edge.call(method, path, { token: null })).status, path).toBe(401);
    }
  });
});

describe('services', () => {
  it('act for a user with edda-act-as, users cannot', async () => {
    let seen: CallContext | undefined;
    const edge = await startEdge({
      compute: {
        getRequest: async (_, ctx) => {
          seen = ctx;
          return { request: njordr.ComputeRequest.fromPartial({}) };
        },
      },
    });
    const headers = { 'edda-act-as': 'sub=ada;network=net-9' };
    const token = await tokenFor('service', 'yggdrasil');
    expect((await edge.call('GET', `${marketplace}/requests/r`, { token, headers })).status).toBe(200);
    expect(seen?.identity).toMatchObject({ subject: 'ada', networkId: 'net-9', actor: { subject: 'yggdrasil' } });
    expect((await edge.call('GET', `${marketplace}/requests/r`, { headers })).status).toBe(403);
  });
});
