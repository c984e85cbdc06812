import { randomUUID } from 'node:crypto';
import { heidrun, njordr } from '@edda/contracts';
import { createTokenMinter, generateSigningKeys, type Role, type RpcDefinition } from '@edda/grpc-kit';
import { status as grpcStatus } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type BadInputMarket,
  model,
  openBadInputMarket,
  people,
  type Person,
  privateModel,
} from './support/bad-input-market.ts';
import { expectNoInsides, expectRefusal, failedCall, type Refusal } from './support/wire-call.ts';

const { executeRequest, createRequest, quoteRequest, getRequest, cancelRequest, explainRouting } =
  njordr.ComputeServiceService;
const transactions = njordr.TransactionServiceService;
const providers = njordr.ProviderServiceService;
const payments = heidrun.PaymentServiceService;
const pricing = heidrun.PricingServiceService;
const preAuth = heidrun.PreAuthServiceService;
const ledger = heidrun.LedgerServiceService;

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

let open: BadInputMarket;
beforeAll(async () => {
  open = await openBadInputMarket();
});
afterAll(() => open.close());
// Whatever was refused: the books balance, and nobody's money is held.
afterEach(() => open.expectSound());

interface Caller {
  as?: Person;
  /** Instead of that person's. */
  token?: string;
}

/** Sends one message to the service that the method belongs to. */
function call(method: RpcDefinition, request: object, { as = 'ada', token = open.tokens[as] }: Caller = {}) {
  const { addresses } = open.market;
  const address = method.path.startsWith('/edda.heidrun.') ? addresses.heidrun : addresses.njordr;
  const message = method.requestSerialize(request as never);
  return failedCall(address, { path: method.path, message, metadata: { authorization: `Bearer ${token}` } });
}

const parametersOf = (change: object) =>
  njordr.ComputeParameters.fromPartial({ model, prompt: 'Why?', maxOutputTokens: 8n, ...change });
const compute = (change: object) =>
  njordr.ExecuteRequestRequest.fromPartial({ idempotencyKey: randomUUID(), parameters: parametersOf(change) });

const invalid = (field: string): Refusal => ({ code: 'INVALID_ARGUMENT', reason: 'INVALID_INPUT', field });
const parameter = (field: string) => invalid(`parameters.${field}`);
const precondition = (reason: string): Refusal => ({ code: 'FAILED_PRECONDITION', reason });
const notFound = (field?: string): Refusal => ({
  ...{ code: 'NOT_FOUND', reason: 'NOT_FOUND' },
  ...(field !== undefined && { field }),
});
const conflict: Refusal = { code: 'ALREADY_EXISTS', reason: 'IDEMPOTENCY_CONFLICT' };
const unknownModel: Refusal = { code: 'NOT_FOUND', reason: 'MODEL_UNKNOWN', field: 'parameters.model' };
const tooDear: Refusal = { ...precondition('MAX_COST_EXCEEDED'), field: 'parameters.max_cost_cents' };
const severalAnswers: Refusal = {
  ...{ code: 'INVALID_ARGUMENT', reason: 'MULTIPLE_ANSWERS_UNSUPPORTED', field: 'parameters.n' },
};

const badParameters: [string, object, Refusal][] = [
  ['an unknown model', { model: 'no-such-model' }, unknownModel],
  ['a model that only others may use', { model: privateModel }, unknownModel],
  ['no model', { model: '' }, parameter('model')],
  ['neither messages nor prompt', { prompt: '' }, parameter('messages')],
  ['both messages and prompt', { messages: [{ role: 'user', content: 'x' }] }, parameter('messages')],
  ['a message of nobody', { prompt: '', messages: [{ role: '', content: 'x' }] }, parameter('messages.0.role')],
  ['messages without content', { prompt: '', messages: [{ role: 'user' }] }, parameter('messages')],
  ['a maximum cost below the estimate', { maxCostCents: 0n }, tooDear],
  ['a negative maximum cost', { maxCostCents: -1n }, parameter('max_cost_cents')],
  ['a huge maximum cost', { maxCostCents: int64Max }, parameter('max_cost_cents')],
  ['no output tokens', { maxOutputTokens: 0n }, parameter('max_output_tokens')],
  ['negative output tokens', { maxOutputTokens: -1n }, parameter('max_output_tokens')],
  ['the most negative output tokens', { maxOutputTokens: int64Min }, parameter('max_output_tokens')],
  ['huge output tokens', { maxOutputTokens: int64Max }, parameter('max_output_tokens')],
  ['a prompt beyond the context', { prompt: 'gold '.repeat(20_000) }, precondition('CONTEXT_TOO_LONG')],
  [
    'a prompt beyond the market’s limit',
    { prompt: 'x'.repeat(2_000_001) },
    { code: 'INVALID_ARGUMENT', reason: 'PROMPT_TOO_LARGE' },
  ],
  ['two answers', { n: 2 }, severalAnswers],
  ['a negative number of answers', { n: -1 }, parameter('n')],
  ['a temperature that is no number', { temperature: Number.NaN }, parameter('temperature')],
  ['a negative time', { timeoutMs: -1n }, parameter('timeout_ms')],
  ['a huge time', { timeoutMs: int64Max }, parameter('timeout_ms')],
  ['an unknown form of answer', { responseFormat: { kind: 99 } }, parameter('response_format.kind')],
  ['impossible quality', { preferences: { minQuality: 2 } }, parameter('preferences.min_quality')],
  ['NUL in the model', { model: 'a\0b' }, unknownModel],
];

describe('a compute request with', () => {
  it.each(badParameters)('%s is refused, whether executed, created or quoted', async (_, change, refusal) => {
    expectRefusal(await call(executeRequest, compute(change)), refusal);
    expectRefusal(await call(createRequest, compute(change)), refusal);
    // Asking for a price is no purchase: there a cost limit only sorts providers out.
    if (refusal.reason !== 'MAX_COST_EXCEEDED') {
      expectRefusal(await call(quoteRequest, { parameters: parametersOf(change), maxCandidates: 0 }), refusal);
    }
  });

  it('no parameters at all names them', async () => {
    const request = { idempotencyKey: '', parameters: undefined };
    expectRefusal(await call(executeRequest, request), invalid('parameters'));
  });

  it('a provider of another network alone finds nobody', async () => {
    const request = compute({ preferences: { onlyProviders: [open.foreign.providerId] } });
    const refusal: Refusal = { code: 'RESOURCE_EXHAUSTED', reason: 'NO_PROVIDER_AVAILABLE' };
    expectRefusal(await call(executeRequest, request), refusal);
  });

  it.each([
    ['no payment method', 'noMethod', 'PAYMENT_METHOD_REQUIRED'],
    ['an unverified payment method', 'unverified', 'PAYMENT_METHOD_REQUIRED'],
    ['an empty wallet', 'emptyWallet', 'INSUFFICIENT_FUNDS'],
  ] as const)('%s behind it is refused before anything is held', async (_, as, reason) => {
    expectRefusal(await call(executeRequest, compute({}), { as }), precondition(reason));
    expectRefusal(await call(createRequest, compute({}), { as }), precondition(reason));
  });

  it('a key that stands for other content is a conflict', async () => {
    const first = compute({ prompt: 'First?' });
    await expect(call(executeRequest, first)).rejects.toThrow('was not refused');
    const second = { ...compute({ prompt: 'Second?' }), idempotencyKey: first.idempotencyKey };
    expectRefusal(await call(executeRequest, second), conflict);
    const endless = { ...first, idempotencyKey: 'k'.repeat(129) };
    expectRefusal(await call(executeRequest, endless), invalid('idempotency_key'));
  });
});

describe('what belongs to somebody else does not exist', () => {
  it.each(['bob', 'eve'] as const)('for %s', async (as) => {
    const { requestId, transactionId, preauthId, paymentMethodId } = open.foreign;
    const key = { idempotencyKey: randomUUID(), userId: '' };
    for (const [method, request, field] of [
      [getRequest, { requestId, waitMs: 0 }],
      [cancelRequest, { ...key, requestId, reason: '' }],
      [explainRouting, { requestId, providerId: '' }],
      [transactions.getTransaction, { transactionId }],
      [preAuth.getPreAuth, { key: { $case: 'preauthId', value: preauthId } }, 'preauth_id'],
      [preAuth.getPreAuth, { key: { $case: 'transactionId', value: transactionId } }, 'transaction_id'],
      [payments.verifyPaymentMethod, { ...key, paymentMethodId, verificationCode: 'confirmed' }, 'payment_method_id'],
      [payments.setDefaultPaymentMethod, { ...key, paymentMethodId, purpose: 1 }, 'payment_method_id'],
      [payments.removePaymentMethod, { ...key, paymentMethodId }, 'payment_method_id'],
      [payments.getBalance, { userId: 'ada' }],
      [ledger.getAccount, { accountId: 'wallet:ada' }, 'account_id'],
    ] as const) {
      expectRefusal(await call(method, request, { as }), notFound(field));
    }
  });

  it('nor does a provider of another network, for reading as for changing', async () => {
    const { providerId } = open.foreign;
    const key = { idempotencyKey: randomUUID(), reason: '' };
    const update = { providerId, configuration: { displayName: 'Mine' }, updateMask: ['display_name'] };
    for (const [method, request] of [
      [providers.getProvider, { providerId }],
      [providers.updateProvider, njordr.UpdateProviderRequest.fromPartial({ ...key, ...update })],
      [providers.unregisterProvider, { ...key, providerId }],
      [providers.setProviderAvailability, { ...key, providerId, availability: 3 }],
    ] as const) {
      expectRefusal(await call(method, request), notFound());
    }
  });

  it('charging somebody else’s card finds no such method', async () => {
    const { paymentMethodId } = open.foreign;
    const request = { idempotencyKey: randomUUID(), userId: '', amountCents: 500n, paymentMethodId };
    const refused = await call(payments.topUp, request, { as: 'bob' });
    expectRefusal(refused, notFound('payment_method_id'));
  });
});

describe('lists and amounts', () => {
  const lists = {
    transactions: [transactions.listTransactions, njordr.ListTransactionsRequest],
    providers: [providers.listProviders, njordr.ListProvidersRequest],
    'payment methods': [payments.listPaymentMethods, heidrun.ListPaymentMethodsRequest],
    transfers: [ledger.listTransfers, heidrun.ListTransfersRequest],
  } as const;
  const topUp = (amountCents: bigint, idempotencyKey: string = randomUUID()) => ({
    ...{ idempotencyKey, userId: '', amountCents, paymentMethodId: '' },
  });
  const count = (value: bigint) => ({
    ...{ requestId: '', providerId: open.agent.providerId, model, priceVersion: undefined },
    amount: { $case: 'tokens', value },
  });

  it.each([
    ['transactions', { pageToken: 'garbage!' }, 'page_token'],
    ['transactions', { pageSize: -1 }, 'page_size'],
    ['transactions', { pageSize: 1_001 }, 'page_size'],
    ['transactions', { orderBy: 'colour' }, 'order_by'],
    ['transactions', { side: 99 }, 'side'],
    ['transactions', { statuses: [99] }, 'statuses.0'],
    ['providers', { pageToken: '[]' }, 'page_token'],
    ['providers', { availabilities: [99] }, 'availabilities.0'],
    ['payment methods', { pageToken: 'WzFd' }, 'page_token'],
    ['payment methods', { purpose: 99 }, 'purpose'],
    ['transfers', { pageToken: 'e30' }, 'page_token'],
    ['transfers', { kind: 99 }, 'kind'],
  ] as const)('listing %s with %o is refused', async (what, change, field) => {
    const [method, empty] = lists[what];
    expectRefusal(await call(method, { ...empty.fromPartial({}), ...change }), invalid(field));
  });

  it('token counts and amounts beyond all bounds are refused, not wrapped', async () => {
    for (const value of [-1n, int64Min, 10n ** 12n + 1n, int64Max]) {
      const refusal = { code: 'INVALID_ARGUMENT', reason: 'TOKEN_COUNT_OUT_OF_RANGE', field: 'tokens' } as const;
      expectRefusal(await call(pricing.calculatePricing, count(value)), refusal);
    }
    for (const amountCents of [0n, -1n, int64Min, int64Max]) {
      const refusal = { code: 'INVALID_ARGUMENT', reason: 'TOP_UP_OUT_OF_RANGE', field: 'amount_cents' } as const;
      expectRefusal(await call(payments.topUp, topUp(amountCents)), refusal);
    }
  });

  it('a top-up under a key of another amount is a conflict and charges nothing', async () => {
    const key = randomUUID();
    await expect(call(payments.topUp, topUp(500n, key))).rejects.toThrow('was not refused');
    expectRefusal(await call(payments.topUp, topUp(501n, key)), conflict);
  });
});

describe('a call is refused with', () => {
  const status = () => ({ requestId: open.foreign.requestId, waitMs: 0 });
  const tokenOf = (roles: readonly Role[], more: object = {}) =>
    open.market.minter.mint({ ...people.ada, roles, ttlSeconds: 60, ...more });
  const forged = async (issuer: string) =>
    createTokenMinter({ privateJwk: (await generateSigningKeys()).privateJwk, issuer }).mint({
      ...{ ...people.ada, ttlSeconds: 60 },
    });
  const elsewhere = () =>
    createTokenMinter({ privateJwkFile: open.signingKeyFile, issuer: 'elsewhere' }).mint({
      ...{ ...people.ada, ttlSeconds: 60 },
    });
  const unauthenticated = (reason: string): Refusal => ({ code: 'UNAUTHENTICATED', reason });

  it.each([
    ['a malformed token', async () => 'not.a.token', 'TOKEN_INVALID'],
    ['a token signed by a stranger', () => forged('edda'), 'TOKEN_INVALID'],
    ['a token of another issuer', () => elsewhere(), 'TOKEN_INVALID'],
    ['an expired token', () => tokenOf(['user'], { ttlSeconds: -1 }), 'TOKEN_EXPIRED'],
    ['a token of no role', () => tokenOf([]), 'TOKEN_INVALID'],
  ])('%s, by every service', async (_, token, reason) => {
    const given = { token: await token() };
    expectRefusal(await call(getRequest, status(), given), unauthenticated(reason));
    expectRefusal(await call(executeRequest, compute({}), given), unauthenticated(reason));
    expectRefusal(await call(payments.getBalance, { userId: '' }, given), unauthenticated(reason));
  });

  it('no token', async () => {
    const message = executeRequest.requestSerialize(compute({}));
    const error = await failedCall(open.market.addresses.njordr, { path: executeRequest.path, message });
    expectRefusal(error, unauthenticated('TOKEN_MISSING'));
  });

  it('a token of the wrong role', async () => {
    const forbidden: Refusal = { code: 'PERMISSION_DENIED', reason: 'ROLE_FORBIDDEN' };
    const hold = heidrun.PreAuthorizeRequest.fromPartial({ transactionId: 't', requesterId: 'ada', model });
    expectRefusal(await call(executeRequest, compute({}), { token: await tokenOf(['provider']) }), forbidden);
    expectRefusal(await call(preAuth.preAuthorize, hold), forbidden);
    expectRefusal(await call(preAuth.preAuthorize, hold, { token: await tokenOf(['service', 'admin']) }), forbidden);
    expectRefusal(await call(ledger.verifyLedger, { maxViolations: 0 }), forbidden);
  });

  it('bytes that are no message, a message beyond 4 MiB, and a method that does not exist', async () => {
    const { njordr: address } = open.market.addresses;
    const metadata = { authorization: `Bearer ${open.tokens.ada}` };
    const send = (path: string, message: Uint8Array) => failedCall(address, { path, message, metadata });
    const garbage = await send(executeRequest.path, Buffer.from([0xff, 0xff, 0xff, 0xff]));
    expectRefusal(garbage, invalid('request'));
    const huge = compute({ prompt: 'x'.repeat(4 * 1024 * 1024) });
    // Refused by gRPC itself, before any code of ours, so without details.
    const tooLarge = await send(executeRequest.path, executeRequest.requestSerialize(huge));
    expect(grpcStatus[tooLarge.code]).toBe('RESOURCE_EXHAUSTED');
    const nowhere = await send('/edda.njordr.v1.ComputeService/Nothing', Buffer.alloc(0));
    expect(grpcStatus[nowhere.code]).toBe('UNIMPLEMENTED');
    for (const { details } of [tooLarge, nowhere]) expectNoInsides(details);
  });
});
