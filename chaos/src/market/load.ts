import { setTimeout as sleep } from 'node:timers/promises';
import { type MarketUser } from '@edda/app-edda/separate';
import { type Random } from './random.ts';

export interface Client {
  requester: MarketUser;
  token: string;
  random: Random;
}

/** What a client wanted once, and what it was told in the end. */
export interface Deed {
  what: 'chat' | 'stream' | 'create' | 'cancel' | 'top-up';
  key: string;
  requester: MarketUser;
  calls: number;
  /** Of the last answer; 0 when no answer came. */
  status: number;
  /** What a success named: a transaction, or of `create` and `cancel` a request. */
  transactionId: string;
  requestId: string;
  costCents: number | undefined;
  amountCents: number;
  /** Price versions by provider, where prices were asked for before. */
  quoted: ReadonlyMap<string, number>;
}

export interface LoadOptions {
  url: string;
  model: string;
  /** Whether more is to be done. */
  goesOn: () => boolean;
}

/** A client repeats a call that was not answered for good at most so often. */
const maxCalls = 40;
const callWithinMs = 30_000;

/** One client does one thing after another as long as it goes on. */
export async function runClient(client: Client, options: LoadOptions, done: (deed: Deed) => void): Promise<void> {
  for (let index = 0; options.goesOn(); index += 1) {
    const draw = client.random.next();
    const what =
      draw < 0.4 ? 'chat' : draw < 0.7 ? 'stream' : draw < 0.85 ? 'create' : draw < 0.93 ? 'cancel' : 'top-up';
    done(await insist(client, what, index, options));
    await sleep(client.random.between(5, 60));
  }
}

/** Calls again with the same key, as a good client does, until the answer is final. */
async function insist(client: Client, what: Deed['what'], index: number, options: LoadOptions): Promise<Deed> {
  const { requester, random } = client;
  const key = `${requester.subject}-${index}`;
  // The sandbox charges whole amounts; one of its own tells each top-up from all others.
  const amountCents = 100 + index;
  const deed: Deed = {
    what,
    key,
    requester,
    calls: 0,
    status: 0,
    transactionId: '',
    requestId: '',
    costCents: undefined,
    amountCents,
    quoted: new Map(),
  };
  const { path, body } = callOf(deed, options.model, random);
  if (what === 'chat' && random.next() < 0.4) deed.quoted = await quote(client, options, body).catch(() => deed.quoted);
  while (deed.calls < maxCalls) {
    deed.calls += 1;
    await call(client, `${options.url}${path}`, body, deed).catch(() => void (deed.status = 0));
    // 409 is somebody else's turn of the same call, 422 and 402 are the market's word.
    if (deed.status !== 0 && deed.status < 500 && deed.status !== 429) break;
    await sleep(random.between(100, 400));
  }
  if (what === 'cancel' && deed.requestId !== '') {
    await fetch(`${options.url}/api/v1/marketplace/requests/${deed.requestId}`, {
      method: 'DELETE',
      headers: headersOf(client, `${key}-cancel`),
      signal: AbortSignal.timeout(callWithinMs),
    }).catch(() => undefined);
  }
  return deed;
}

function callOf({ what, amountCents }: Deed, model: string, random: Random) {
  const messages = [{ role: 'user', content: `Verse ${random.between(1, 1_000)} of the song, please.` }];
  const tokens = random.between(5, 80);
  if (what === 'top-up') return { path: '/api/v1/payments/top-ups', body: { amount_cents: amountCents } };
  if (what === 'create' || what === 'cancel') {
    return { path: '/api/v1/marketplace/requests', body: { model, messages, max_output_tokens: tokens } };
  }
  return { path: '/v1/chat/completions', body: { model, messages, max_tokens: tokens, stream: what === 'stream' } };
}

/** Asks who would serve this, and at which prices, before it is wanted. */
async function quote(client: Client, options: LoadOptions, body: object): Promise<ReadonlyMap<string, number>> {
  const { messages, max_tokens: most } = body as { messages?: unknown; max_tokens?: number };
  const answer = await fetch(`${options.url}/api/v1/marketplace/requests/quote`, {
    method: 'POST',
    headers: { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: options.model, messages, max_output_tokens: most }),
    signal: AbortSignal.timeout(callWithinMs),
  });
  const { candidates = [] } = (await answer.json()) as {
    candidates?: { provider_id: string; price_version: number }[];
  };
  return new Map(candidates.map(({ provider_id: id, price_version: version }) => [id, version]));
}

function headersOf({ token }: Client, key: string) {
  return { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key };
}

async function call(client: Client, url: string, body: object, deed: Deed): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: headersOf(client, deed.key),
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(callWithinMs),
  });
  const text = await answer.text();
  deed.status = answer.status;
  if (!answer.ok) return;
  if (deed.what === 'stream') {
    // A stream that broke off, or said so, is no answer.
    if (!text.includes('data: [DONE]') || text.includes('"error"')) {
      deed.status = 0;
      return;
    }
    deed.transactionId = /"transaction_id":"([^"]+)"/.exec(text)?.[1] ?? '';
    const cost = /"total_cost_cents":(\d+)/.exec(text)?.[1];
    deed.costCents = cost === undefined ? undefined : Number(cost);
    return;
  }
  const told = JSON.parse(text) as {
    request_id?: string;
    transaction_id?: string;
    edda?: { transaction_id?: string; total_cost_cents?: number };
  };
  deed.requestId = told.request_id ?? '';
  deed.transactionId = told.edda?.transaction_id ?? told.transaction_id ?? '';
  deed.costCents = told.edda?.total_cost_cents;
}
