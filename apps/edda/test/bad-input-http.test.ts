import { randomUUID } from 'node:crypto';
import { createTokenMinter, generateSigningKeys } from '@edda/grpc-kit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BadInputMarket, model, openBadInputMarket, people, privateModel } from './support/bad-input-market.ts';
import {
  chat,
  expectOpenAiError,
  expectProblem,
  type HttpCall,
  type HttpRefusal,
  marketplace,
  payments,
  requests,
  send,
} from './support/http-call.ts';

let open: BadInputMarket;
beforeAll(async () => {
  open = await openBadInputMarket();
});
afterAll(() => open.close());
// Whatever was refused: the books balance, and nobody's money is held.
afterEach(() => open.expectSound());

const problem = async (call: HttpCall, refusal: HttpRefusal) => expectProblem(await send(open, call), refusal);
const openAiError = async (call: HttpCall, refusal: HttpRefusal) => expectOpenAiError(await send(open, call), refusal);

const messages = [{ role: 'user', content: 'Why?' }];
const invalid = (field?: string): HttpRefusal => ({
  ...{ status: 400, reason: 'INVALID_INPUT' },
  ...(field !== undefined && { field }),
});
const malformed: HttpRefusal = { status: 400, reason: 'BODY_MALFORMED' };
const unknownModel: HttpRefusal = { status: 404, reason: 'MODEL_UNKNOWN', field: 'model' };
const notFound = (field?: string): HttpRefusal => ({
  ...{ status: 404, reason: 'NOT_FOUND' },
  ...(field !== undefined && { field }),
});
const conflict: HttpRefusal = { status: 409, reason: 'IDEMPOTENCY_CONFLICT' };

/** A change of a request that works, as REST and as OpenAI's path write it, and what both must answer. */
interface Case {
  rest: object;
  openAi?: object;
  refusal: HttpRefusal;
  /** The field's name at OpenAI's path, where it is another one. */
  param?: string;
}

const cases: Record<string, Case> = {
  'an unknown model': { rest: { model: 'no-such-model' }, refusal: unknownModel },
  'a model that only others may use': { rest: { model: privateModel }, refusal: unknownModel },
  'a model that is no text': { rest: { model: 7 }, refusal: invalid('model') },
  'no messages': { rest: { messages: [] }, refusal: invalid('messages') },
  'messages without content': { rest: { messages: [{ role: 'user', content: '' }] }, refusal: invalid('messages') },
  'a message of nobody': { rest: { messages: [{ role: 'x', content: 'x' }] }, refusal: invalid('messages.0.role') },
  'a maximum cost below the estimate': {
    rest: { max_cost_cents: 0 },
    openAi: { edda: { max_cost_cents: 0 } },
    refusal: { status: 422, reason: 'MAX_COST_EXCEEDED', field: 'max_cost_cents' },
    param: 'edda.max_cost_cents',
  },
  'a negative maximum cost': {
    rest: { max_cost_cents: -1 },
    openAi: { edda: { max_cost_cents: -1 } },
    refusal: invalid('max_cost_cents'),
    param: 'edda.max_cost_cents',
  },
  'a misspelt maximum cost': {
    rest: { max_costs_cents: 5 },
    openAi: { edda: { max_costs_cents: 5 } },
    refusal: invalid('max_costs_cents'),
    param: 'edda.max_costs_cents',
  },
  'negative output tokens': {
    rest: { max_output_tokens: -1 },
    openAi: { max_tokens: -1 },
    refusal: invalid('max_output_tokens'),
    param: 'max_tokens',
  },
  'half an output token': {
    rest: { max_output_tokens: 0.5 },
    openAi: { max_tokens: 0.5 },
    refusal: invalid('max_output_tokens'),
    param: 'max_tokens',
  },
  'a prompt beyond the context': {
    rest: { messages: [{ role: 'user', content: 'gold '.repeat(20_000) }] },
    refusal: { status: 422, reason: 'CONTEXT_TOO_LONG' },
  },
  'a prompt beyond the market’s limit': {
    rest: { messages: [{ role: 'user', content: 'x'.repeat(2_000_001) }] },
    refusal: { status: 400, reason: 'PROMPT_TOO_LARGE' },
  },
  'two answers': { rest: { n: 2 }, refusal: { status: 400, reason: 'MULTIPLE_ANSWERS_UNSUPPORTED', field: 'n' } },
  'a provider of another network alone': {
    rest: { preferences: { only_providers: ['nobody'] } },
    openAi: { edda: { preferences: { only_providers: ['nobody'] } } },
    refusal: { status: 429, reason: 'NO_PROVIDER_AVAILABLE' },
  },
};

describe('a request over HTTP with', () => {
  it.each(Object.entries(cases))('%s is refused, streamed or not', async (_, { rest, openAi, refusal, param }) => {
    const changed = { model, messages, max_output_tokens: 8, ...rest };
    await problem({ path: requests, body: changed }, refusal);
    await problem({ path: requests, body: { ...changed, stream: true } }, refusal);
    const asked = { model, messages, max_tokens: 8, ...(openAi ?? rest) };
    const there = param === undefined ? refusal : { ...refusal, field: param };
    await openAiError({ path: chat, body: asked }, there);
    await openAiError({ path: chat, body: { ...asked, stream: true } }, there);
  });

  it.each(['9007199254740993', '9223372036854775808', '1e300', '-9223372036854775809', '1e400'])(
    'the number %s is refused, not rounded',
    async (number) => {
      const text = JSON.stringify(messages);
      const raw = (field: string) => `{"model":"${model}","messages":${text},"${field}":${number}}`;
      await problem({ path: requests, raw: raw('max_output_tokens') }, invalid('max_output_tokens'));
      await problem({ path: requests, raw: raw('max_cost_cents') }, invalid('max_cost_cents'));
      await problem({ path: requests, raw: raw('timeout_ms') }, invalid('timeout_ms'));
      await openAiError({ path: chat, raw: raw('max_tokens') }, invalid('max_tokens'));
      await problem({ path: `${payments}/top-ups`, raw: `{"amount_cents":${number}}` }, invalid('amount_cents'));
    },
  );

  it.each([
    ['no payment method', 'noMethod', { status: 422, reason: 'PAYMENT_METHOD_REQUIRED' }],
    ['an unverified payment method', 'unverified', { status: 422, reason: 'PAYMENT_METHOD_REQUIRED' }],
    ['an empty wallet', 'emptyWallet', { status: 402, reason: 'INSUFFICIENT_FUNDS' }],
  ] as const)('%s behind it is refused', async (_, as, refusal) => {
    await problem({ path: requests, as, body: { model, messages } }, refusal);
    await problem({ path: requests, as, body: { model, messages, stream: true } }, refusal);
    await openAiError({ path: chat, as, body: { model, messages } }, refusal);
    await openAiError({ path: chat, as, body: { model, messages, stream: true } }, refusal);
  });

  it('a key that stands for other content is a conflict', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { model, messages, max_tokens: 8 };
    expect(await send(open, { path: chat, headers, body })).toMatchObject({ status: 200 });
    await openAiError({ path: chat, headers, body: { ...body, max_tokens: 9 } }, conflict);
    const topUp = { path: `${payments}/top-ups`, headers: { 'idempotency-key': randomUUID() } };
    expect(await send(open, { ...topUp, body: { amount_cents: 500 } })).toMatchObject({ status: 201 });
    await problem({ ...topUp, body: { amount_cents: 501 } }, conflict);
    await problem(
      { path: requests, headers: { 'idempotency-key': 'k'.repeat(129) }, body: { model, messages } },
      invalid('idempotency-key'),
    );
  });
});

describe('a body', () => {
  it.each([
    ['that is no JSON', { raw: '{"model": ' }, malformed],
    ['that is no object', { raw: '[]' }, invalid('request')],
    ['with a poisoned prototype', { raw: '{"__proto__":{"model":"x"}}' }, malformed],
    [
      'of another content type',
      { raw: 'model=x', headers: { 'content-type': 'text/plain' } },
      { status: 415, reason: 'CONTENT_TYPE_UNSUPPORTED' },
    ],
    ['beyond 4 MiB', { raw: `"${'x'.repeat(4 * 1024 * 1024)}"` }, { status: 413, reason: 'BODY_TOO_LARGE' }],
  ])('%s is refused', async (_, call, refusal) => {
    await problem({ path: requests, ...call }, refusal);
    await problem({ path: `${payments}/top-ups`, ...call }, refusal);
    await openAiError({ path: chat, ...call }, refusal);
  });
});

describe('paths and queries', () => {
  it.each([
    ['/api/v2/nothing', { status: 404, reason: 'ROUTE_UNKNOWN' }],
    [`${requests}/%zz`, invalid('path')],
    [`${requests}/${'x'.repeat(129)}`, invalid('request_id')],
    [`${requests}/nobody`, notFound()],
    [`${requests}/nobody?wait_ms=soon`, invalid('wait_ms')],
    [`${requests}/nobody?wait_ms=60001`, invalid('wait_ms')],
    [`${marketplace}/transactions?page_token=garbage!`, invalid('page_token')],
    [`${marketplace}/transactions?page_size=-1`, invalid('page_size')],
    [`${marketplace}/transactions?page_size=9007199254740993`, invalid('page_size')],
    [`${marketplace}/transactions?side=UPSIDE`, invalid('side')],
    [`${marketplace}/transactions?order_by=colour`, invalid('order_by')],
    [`${marketplace}/transactions?colour=red`, invalid('colour')],
    [`${marketplace}/providers?statuses=HAPPY`, invalid('statuses.0')],
    [`${marketplace}/providers?page_token=e30`, invalid('page_token')],
    [`${payments}/methods?purpose=FUN`, invalid('purpose')],
    [`${payments}/methods?user_id=ada`, invalid('user_id')],
  ])('GET %s is refused', async (path, refusal) => {
    await problem({ method: 'GET', path }, refusal);
  });

  it('an unknown path under /v1/ answers in OpenAI’s shape', async () => {
    await openAiError({ path: '/v1/embeddings', body: {} }, { status: 404, reason: 'ROUTE_UNKNOWN' });
    await openAiError({ method: 'GET', path: `/v1/models/${privateModel}` }, { status: 404, reason: 'MODEL_UNKNOWN' });
  });
});

describe('what belongs to somebody else does not exist over HTTP', () => {
  it.each(['bob', 'eve'] as const)('for %s', async (as) => {
    const { requestId, transactionId, paymentMethodId } = open.foreign;
    await problem({ method: 'GET', path: `${requests}/${requestId}`, as }, notFound());
    await problem({ method: 'GET', path: `${requests}/${requestId}/routing`, as }, notFound());
    await problem({ method: 'DELETE', path: `${requests}/${requestId}`, as }, notFound());
    await problem({ method: 'GET', path: `${marketplace}/transactions/${transactionId}`, as }, notFound());
    const method = `${payments}/methods/${paymentMethodId}`;
    await problem({ method: 'DELETE', path: method, as }, notFound('payment_method_id'));
    await problem({ path: `${method}/verify`, as, body: {} }, notFound('payment_method_id'));
  });

  it('nor does a provider of another network', async () => {
    const path = `${marketplace}/providers/${open.foreign.providerId}`;
    await problem({ method: 'GET', path }, notFound());
    await problem({ method: 'DELETE', path }, notFound());
    const body = { configuration: { display_name: 'Mine' }, update_mask: ['display_name'] };
    await problem({ method: 'PUT', path, body }, notFound());
  });
});

describe('a token over HTTP', () => {
  const claims = { ...people.ada, ttlSeconds: 60 };
  const byStranger = async () =>
    createTokenMinter({ privateJwk: (await generateSigningKeys()).privateJwk, issuer: 'edda' }).mint(claims);
  const byOtherIssuer = () =>
    createTokenMinter({ privateJwkFile: open.signingKeyFile, issuer: 'elsewhere' }).mint(claims);

  it.each<[string, () => Promise<string | null>, HttpRefusal]>([
    ['that is missing', async () => null, { status: 401, reason: 'TOKEN_MISSING' }],
    ['that is malformed', async () => 'nonsense', { status: 401, reason: 'TOKEN_INVALID' }],
    ['signed by a stranger', byStranger, { status: 401, reason: 'TOKEN_INVALID' }],
    ['of another issuer', byOtherIssuer, { status: 401, reason: 'TOKEN_INVALID' }],
    [
      'that has expired',
      () => open.market.minter.mint({ ...claims, ttlSeconds: -1 }),
      { status: 401, reason: 'TOKEN_EXPIRED' },
    ],
    [
      'of the wrong role',
      () => open.market.minter.mint({ ...claims, roles: ['provider'] }),
      { status: 403, reason: 'ROLE_FORBIDDEN' },
    ],
  ])('%s is refused', async (_, make, refusal) => {
    const token = await make();
    await problem({ path: requests, token, body: { model, messages } }, refusal);
    await openAiError({ path: chat, token, body: { model, messages } }, refusal);
    await openAiError({ path: chat, token, body: { model, messages, stream: true } }, refusal);
  });
});
