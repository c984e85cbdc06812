import { randomUUID } from 'node:crypto';
import { heidrun, njordr } from '@edda/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf, ensurePaymentMethod, type MarketUser, tokensOf } from '../src/market/market-user.ts';
import { until } from '../src/market/until.ts';
import { openTestMarket, type TestMarket } from './market-setup.ts';

const model = 'builtin-ngram';
const messages = [{ role: 'user' as const, content: 'What do ravens remember?' }];
const owner: MarketUser = { subject: 'rune', networkId: 'demo', roles: ['user', 'provider'] };

let open: TestMarket;
let clients: ReturnType<typeof openClients>;

beforeAll(async () => {
  open = await openTestMarket();
  await ensurePaymentMethod(open.market, owner, 'payout', open.logger);
  clients = openClients(open);
});
afterAll(async () => {
  clients.close();
  await open.close();
});

function openClients({ market, requester, logger }: TestMarket) {
  const [asAda, asOwner] = [tokensOf(market, requester), tokensOf(market, owner)];
  const transactions = clientOf(njordr.TransactionServiceService, market.addresses.njordr, asAda, logger);
  const providers = clientOf(njordr.ProviderServiceService, market.addresses.njordr, asOwner, logger);
  const payments = clientOf(heidrun.PaymentServiceService, market.addresses.heidrun, asAda, logger);
  const close = () => [transactions, providers, payments].forEach((each) => each.close());
  return { transactions, providers, payments, close };
}

interface Answer {
  status: number;
  json: Record<string, unknown>;
}

async function post(path: string, body: object, headers: Record<string, string>, as?: MarketUser): Promise<Answer> {
  const token = as === undefined ? open.token : await tokensOf(open.market, as)();
  const answer = await fetch(open.market.httpUrl + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

const atOnce = (path: string, body: object, headers: Record<string, string>, as?: MarketUser): Promise<Answer[]> =>
  Promise.all(Array.from({ length: 100 }, () => post(path, body, headers, as)));

/** What ada has in her wallet and what she bought, once everything she bought has ended. */
async function account() {
  const request = njordr.ListTransactionsRequest.fromPartial({ pageSize: 1_000 });
  let [postedCents, bought]: [bigint, njordr.Transaction[]] = [0n, []];
  await until('everything bought has ended and nothing is held', 30_000, async () => {
    const { balance } = await clients.payments.getBalance({ userId: '' });
    bought = (await clients.transactions.listTransactions(request)).transactions;
    postedCents = balance?.postedCents ?? 0n;
    return balance?.reservedCents === 0n && bought.every(({ completedAt }) => completedAt !== undefined);
  });
  return { postedCents, bought };
}

/** Asserts one status and one value of what tells effects apart. @returns that value */
function oneAnswer(answers: readonly Answer[], status: number, of: (json: Record<string, unknown>) => unknown): string {
  expect([...new Set(answers.map((answer) => answer.status))], JSON.stringify(answers[0]?.json)).toEqual([status]);
  const seen = new Set(answers.map(({ json }) => JSON.stringify(of(json))));
  expect([...seen]).toHaveLength(1);
  return [...seen][0] ?? '';
}

/** What was said and billed; id and time are those of the HTTP answer. */
const answerOf = ({ choices, usage, edda }: Record<string, unknown>): unknown => {
  const { replayed: _, ...bill } = edda as Record<string, unknown>;
  return { choices, usage, bill };
};

/** Asserts that one request was made, and that the wallet paid for it and for nothing else. */
async function expectOneBilled(before: Awaited<ReturnType<typeof account>>): Promise<njordr.Transaction> {
  const after = await account();
  const known = new Set(before.bought.map(({ transactionId }) => transactionId));
  const made = after.bought.filter(({ transactionId }) => !known.has(transactionId));
  expect(made.map(({ status }) => status)).toEqual([njordr.TransactionStatus.COMPLETED]);
  expect(before.postedCents - after.postedCents).toBe(made[0]?.totalCostCents);
  return made[0] ?? expect.fail('no transaction');
}

const conflict = { status: 409, reason: 'IDEMPOTENCY_CONFLICT' };

describe('100 POSTs at once with one Idempotency-Key have one effect and one answer; with another body they conflict', () => {
  it('requests', async () => {
    const before = await account();
    const headers = { 'idempotency-key': randomUUID() };
    const body = { model, messages, max_output_tokens: 8, seed: 1 };
    const path = '/api/v1/marketplace/requests';
    oneAnswer(await atOnce(path, body, headers), 202, ({ request_id, transaction_id }) => [request_id, transaction_id]);
    expect((await post(path, { ...body, max_output_tokens: 9 }, headers)).json).toMatchObject(conflict);
    await expectOneBilled(before);
  });

  it.each([
    ['chat/completions', { model, messages, max_tokens: 8, seed: 1 }],
    ['completions', { model, prompt: 'What do ravens remember?', max_tokens: 8, seed: 1 }],
  ])('%s', async (name, body) => {
    const before = await account();
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await atOnce(`/v1/${name}`, body, headers);
    oneAnswer(answers, 200, answerOf);
    const other = await post(`/v1/${name}`, { ...body, max_tokens: 9 }, headers);
    expect(other).toMatchObject({ status: 409, json: { error: { code: 'IDEMPOTENCY_CONFLICT' } } });
    const { transactionId } = await expectOneBilled(before);
    expect(answers[0]?.json).toMatchObject({ edda: { transaction_id: transactionId } });
  });

  it('providers/register', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const configuration = {
      display_name: 'Loft',
      models: [{ model, context_length: 4_096 }],
      price: { price_cents: 3, price_unit_tokens: 1_000 },
      capacity: { max_parallel_requests: 1 },
      availability: { accepting: true },
      sharing: { scope: 'PUBLIC' },
    };
    const body = { device_id: 'loft', configuration };
    const path = '/api/v1/marketplace/providers/register';
    oneAnswer(await atOnce(path, body, headers, owner), 201, ({ provider_id }) => provider_id);
    expect((await post(path, { ...body, device_id: 'barn' }, headers, owner)).json).toMatchObject(conflict);
    const { providers } = await clients.providers.listProviders(
      njordr.ListProvidersRequest.fromPartial({ ownOnly: true }),
    );
    expect(providers).toHaveLength(1);
  });

  it('top-ups', async () => {
    const before = await account();
    const headers = { 'idempotency-key': randomUUID() };
    const path = '/api/v1/payments/top-ups';
    const topUps = await atOnce(path, { amount_cents: 700 }, headers);
    oneAnswer(topUps, 201, ({ top_up }) => (top_up as { id: string }).id);
    expect((await post(path, { amount_cents: 800 }, headers)).json).toMatchObject(conflict);
    expect((await account()).postedCents - before.postedCents).toBe(700n);
  });

  it('methods', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { kind: 'CARD', purposes: ['PAY'], token: 'tok_sandbox_visa' };
    const path = '/api/v1/payments/methods';
    const listed = async () =>
      (await clients.payments.listPaymentMethods(heidrun.ListPaymentMethodsRequest.fromPartial({}))).paymentMethods;
    const before = await listed();
    oneAnswer(await atOnce(path, body, headers), 201, ({ id }) => id);
    expect((await post(path, { ...body, make_default: true }, headers)).json).toMatchObject(conflict);
    expect(await listed()).toHaveLength(before.length + 1);
  });
});

describe('without a key, what the official OpenAI clients repeat by themselves', () => {
  it('is billed once, however often and however much at once it is repeated', async () => {
    const before = await account();
    const body = { model, messages: [{ role: 'user', content: 'And ravens alone?' }], max_tokens: 8, seed: 1 };
    const path = '/v1/chat/completions';
    const first = await post(path, body, { 'x-stainless-retry-count': '0' });
    const again = await atOnce(path, body, { 'x-stainless-retry-count': '1' });
    oneAnswer([first, ...again], 200, answerOf);
    await expectOneBilled(before);
  });

  it('is billed once also when no replica knows the first attempt: the retries are one request', async () => {
    const before = await account();
    const body = { model, messages: [{ role: 'user', content: 'Or with wolves?' }], max_tokens: 8, seed: 1 };
    oneAnswer(await atOnce('/v1/chat/completions', body, { 'x-stainless-retry-count': '2' }), 200, answerOf);
    await expectOneBilled(before);
  });
});
