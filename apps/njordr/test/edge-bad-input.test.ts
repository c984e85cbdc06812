import { connect } from 'node:net';
import { njordr } from '@edda/contracts';
import { commonFaults, defineFaults } from '@edda/faults';
import { describe, expect, it } from 'vitest';
import { njordrFaults } from '../src/faults.ts';
import { startEdge, type TestEdge, tokenFor } from './edge-fixture.ts';

const requests = '/api/v1/marketplace/requests';
const chat = '/v1/chat/completions';
const moneyFaults = defineFaults('heidrun', {
  INSUFFICIENT_FUNDS: { kind: 'insufficient-funds', meaning: '', remedy: '' },
  PAYMENT_METHOD_REQUIRED: { kind: 'precondition', meaning: '', remedy: '' },
});

/** Asserts the same failure on both sides: a problem document here, OpenAI's shape there. */
async function expectBoth(
  edge: TestEdge,
  bodies: { rest: object; openAi: object },
  expected: { status: number; reason: string; field?: string; param?: string },
): Promise<void> {
  const problem = await edge.call('POST', requests, { body: bodies.rest });
  expect(problem.headers.get('content-type')).toContain('application/problem+json');
  expect(problem.json).toMatchObject({
    status: expected.status,
    reason: expected.reason,
    ...(expected.field !== undefined && { violations: [{ field: expected.field }] }),
  });
  expect(problem.status).toBe(expected.status);
  const error = await edge.call('POST', chat, { body: bodies.openAi });
  expect(error.status).toBe(expected.status);
  expect(error.json).toMatchObject({ error: { code: expected.reason, param: expected.param ?? null } });
}

const messages = [{ role: 'user', content: 'x' }];
const good = { rest: { model: 'm', prompt: 'x' }, openAi: { model: 'm', messages } };

describe('what handlers refuse keeps its reason and gets its status', () => {
  it.each([
    [njordrFaults.MODEL_UNKNOWN('No such model.'), 404],
    [njordrFaults.MAX_COST_EXCEEDED('Too dear.'), 422],
    [moneyFaults.INSUFFICIENT_FUNDS('Not enough.'), 402],
    [moneyFaults.PAYMENT_METHOD_REQUIRED('None.'), 422],
    [njordrFaults.REQUEST_DENIED('No.'), 403],
    [commonFaults.IDEMPOTENCY_CONFLICT('Other content.'), 409],
    [commonFaults.RATE_LIMITED('Slowly.'), 429],
  ])('%s', async (fault, status) => {
    const edge = await startEdge({
      compute: {
        createRequest: async () => {
          throw fault;
        },
        executeRequest: async function* () {
          yield* [];
          throw fault;
        },
      },
    });
    await expectBoth(edge, good, { status, reason: fault.reason });
  });

  it('somebody else’s object is NOT_FOUND', async () => {
    const edge = await startEdge({
      compute: {
        getRequest: async () => {
          throw commonFaults.NOT_FOUND('No such request.');
        },
      },
    });
    expect((await edge.call('GET', `${requests}/foreign`)).json).toMatchObject({ status: 404, reason: 'NOT_FOUND' });
  });

  it('names fields as the caller wrote them, not as the message nests them', async () => {
    const violations = [{ field: 'parameters.max_output_tokens', description: 'is too small' }];
    const edge = await startEdge({
      compute: {
        createRequest: async () => {
          throw commonFaults.INVALID_INPUT('parameters.max_output_tokens: is too small', { violations });
        },
        executeRequest: async function* () {
          yield* [];
          throw commonFaults.INVALID_INPUT('parameters.max_output_tokens: is too small', { violations });
        },
      },
    });
    const expected = { status: 400, reason: 'INVALID_INPUT', field: 'max_output_tokens', param: 'max_tokens' };
    await expectBoth(edge, good, expected);
  });
});

describe('what the edge refuses itself', () => {
  it('names the field that is wrong', async () => {
    const edge = await startEdge();
    const invalid = (rest: object, openAi: object, field: string, param = field) =>
      expectBoth(
        edge,
        { rest: { ...good.rest, ...rest }, openAi: { ...good.openAi, ...openAi } },
        { status: 400, reason: 'INVALID_INPUT', field, param },
      );
    await invalid({ model: 7 }, { model: 7 }, 'model');
    await invalid({ max_cost_cents: 0.5 }, { edda: { max_cost_cents: 0.5 } }, 'max_cost_cents', 'edda.max_cost_cents');
    await invalid(
      { max_cost_cents: 2 ** 53 },
      { edda: { max_cost_cents: 2 ** 53 } },
      'max_cost_cents',
      'edda.max_cost_cents',
    );
    await invalid({ max_cost_cent: 5 }, { edda: { max_cost_cent: 5 } }, 'max_cost_cent', 'edda.max_cost_cent');
    await invalid({ max_output_tokens: 1e300 }, { max_tokens: 1e300 }, 'max_output_tokens', 'max_tokens');
    await invalid({ messages: 'x' }, { messages: [] }, 'messages');
    await invalid(
      { preferences: { only_providers: [3] } },
      { max_tokens: -1 },
      'preferences.only_providers.0',
      'max_tokens',
    );
    await invalid({ messages: [{ role: 1 }] }, { messages: [{ role: 'robot' }] }, 'messages.0.role');
  });

  it('refuses what OpenAI’s shape allows and the market cannot do', async () => {
    const edge = await startEdge();
    const image = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }];
    for (const [body, param] of [
      [{ messages: image }, 'messages.0.content'],
      [{ logprobs: true }, 'logprobs'],
      [{ stop: ['a', ''] }, 'stop.1'],
      [{ tools: [{ type: 'web_search' }] }, 'tools.0.type'],
    ] as const) {
      const answer = await edge.call('POST', chat, { body: { ...good.openAi, ...body } });
      expect(answer.status).toBe(400);
      expect(answer.json, param).toMatchObject({
        error: { code: 'INVALID_INPUT', type: 'invalid_request_error', param },
      });
    }
  });

  it('names path and query parameters', async () => {
    const edge = await startEdge();
    const long = await edge.call('GET', `${requests}/${'x'.repeat(129)}`);
    expect(long.json).toMatchObject({ status: 400, violations: [{ field: 'request_id' }] });
    const wait = await edge.call('GET', `${requests}/r?wait_ms=soon`);
    expect(wait.json).toMatchObject({ status: 400, violations: [{ field: 'wait_ms' }] });
    const unknown = await edge.call('GET', '/api/v1/marketplace/providers?colour=red');
    expect(unknown.json).toMatchObject({ status: 400, violations: [{ field: 'colour' }] });
    const status = await edge.call('GET', '/api/v1/marketplace/providers?statuses=HAPPY');
    expect(status.json).toMatchObject({ status: 400, violations: [{ field: 'statuses.0' }] });
    expect((await edge.call('GET', `${requests}/%zz`)).json).toMatchObject({ status: 400, reason: 'INVALID_INPUT' });
  });

  it('malformed JSON, a poisoned prototype, a wrong content type, an oversized body', async () => {
    const edge = await startEdge({ settings: { bodyLimitBytes: 2_000 } });
    for (const path of [requests, chat]) {
      const answer = async (raw: string, type = 'application/json') => {
        const { status, json } = await edge.call('POST', path, { raw, headers: { 'content-type': type } });
        const error = json.error as { code: string } | undefined;
        if (error === undefined) expect(json.status).toBe(status);
        return [status, error?.code ?? json.reason];
      };
      expect(await answer('{"model": ')).toEqual([400, 'BODY_MALFORMED']);
      expect(await answer('{"__proto__": {"model": "m"}}')).toEqual([400, 'BODY_MALFORMED']);
      expect(await answer('[]')).toEqual([400, 'INVALID_INPUT']);
      if (path === chat) expect(await answer('')).toEqual([400, 'INVALID_INPUT']);
      expect(await answer('model=m', 'text/plain')).toEqual([415, 'CONTENT_TYPE_UNSUPPORTED']);
      expect(await answer(JSON.stringify({ prompt: 'x'.repeat(3_000) }))).toEqual([413, 'BODY_TOO_LARGE']);
    }
  });

  it('missing, malformed, forged, expired and wrong-role tokens', async () => {
    const edge = await startEdge({ compute: { executeRequest: async function* () {} } });
    const expired = await tokenFor('user', 'user-1', 1);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const forged = `${(await tokenFor('user')).slice(0, -8)}AAAAAAAA`;
    const cases: [string | null, number, string][] = [
      [null, 401, 'TOKEN_MISSING'],
      ['nonsense', 401, 'TOKEN_INVALID'],
      [forged, 401, 'TOKEN_INVALID'],
      [expired, 401, 'TOKEN_EXPIRED'],
      [await tokenFor('provider'), 403, 'ROLE_FORBIDDEN'],
    ];
    for (const [token, status, reason] of cases) {
      const answer = await edge.call('POST', chat, { token, body: good.openAi });
      expect([answer.status, (answer.json.error as { code: string }).code]).toEqual([status, reason]);
      expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null);
      const stream = await edge.call('POST', requests, { token, body: { ...good.rest, stream: true } });
      expect(stream.json).toMatchObject({ status, reason });
    }
    const basic = await edge.call('GET', '/v1/models', { token: null, headers: { authorization: 'Basic eDp5' } });
    expect(basic.json).toMatchObject({ error: { code: 'TOKEN_INVALID', type: 'authentication_error' } });
  });

  it('unknown routes, in the shape of their neighbours', async () => {
    const edge = await startEdge();
    expect((await edge.call('GET', '/api/v2/x?secret=1')).json).toMatchObject({
      status: 404,
      reason: 'ROUTE_UNKNOWN',
      detail: 'There is no GET /api/v2/x.',
    });
    expect((await edge.call('POST', '/v1/embeddings', { body: {} })).json).toMatchObject({
      error: { code: 'ROUTE_UNKNOWN' },
    });
    expect((await edge.call('PUT', requests, { body: {} })).status).toBe(404);
  });

  it('keys that cannot be told apart', async () => {
    const edge = await startEdge();
    const headers = { 'idempotency-key': 'a' };
    const body = { ...good.rest, idempotency_key: 'b' };
    const answer = await edge.call('POST', requests, { body, headers });
    expect(answer.json).toMatchObject({ status: 400, violations: [{ field: 'idempotency_key' }] });
    const long = await edge.call('POST', requests, {
      body: good.rest,
      headers: { 'idempotency-key': 'x'.repeat(129) },
    });
    expect(long.json).toMatchObject({ status: 400, violations: [{ field: 'idempotency-key' }] });
  });
});

describe('what is our own fault', () => {
  it('answers a generic text and an error id, and logs the cause under that id', async () => {
    const edge = await startEdge({
      compute: {
        getRequest: async () => {
          throw new Error('password of the database is hunter2');
        },
        // An amount that JSON cannot carry exactly must not be rounded.
        cancelRequest: async () => ({ request: njordr.ComputeRequest.fromPartial({ maxCostCents: 2n ** 60n }) }),
      },
    });
    const answer = await edge.call('GET', `${requests}/r`);
    expect(answer.json).toMatchObject({ status: 500, reason: 'INTERNAL', detail: 'Something failed on our side.' });
    expect(answer.text).not.toContain('hunter2');
    const { error_id: id } = answer.json.metadata as Record<string, string>;
    expect(edge.log.records.find((line) => line.error_id === id)).toMatchObject({ level: 'error' });
    expect((await edge.call('DELETE', `${requests}/r`)).status).toBe(500);
  });
});

describe('what is not HTTP', () => {
  const send = (port: number, text: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      socket.on('data', (data) => (answer += data.toString()));
      socket.on('end', () => resolve(answer));
      socket.on('error', reject);
    });

  it('garbage gets 400, endless headers 431', async () => {
    const edge = await startEdge({ settings: { maxHeaderBytes: 2_048 } });
    expect(await send(edge.port, 'GARBAGE\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await send(edge.port, `GET / HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(4_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 /,
    );
    expect((await edge.call('GET', '/v1/models')).status).toBe(200);
  });
});
