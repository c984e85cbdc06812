import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { njordr } from '@edda/contracts';
import { waitFor } from '@edda/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRequests, type OpenedRequests, parameters } from './support/open-requests.ts';
import { type TestAgent } from './support/test-agent.ts';
import { expectWhoPays } from './support/who-pays.ts';

const chat = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Say something.' }] };

describe('domain.md, who pays: clients that vanish', () => {
  let open: OpenedRequests;
  let agent: TestAgent;
  beforeEach(async () => {
    open = await openRequests({ linked: true });
    agent = open.agent('p1');
    await agent.hello();
  });
  afterEach(() => open.close());

  /** Calls; @returns the client's going away. */
  const callers: [string, () => Promise<() => void>][] = [
    [
      'gRPC',
      async () => {
        const leaving = new AbortController();
        const request = { idempotencyKey: '', parameters: parameters() };
        const stream = open.client().compute.executeRequest(request, { signal: leaving.signal });
        void Array.fromAsync(stream).catch(() => undefined);
        return () => leaving.abort();
      },
    ],
    ['HTTP, streaming', () => post({ ...chat, stream: true })],
    ['HTTP, not streaming', () => post(chat)],
  ];
  async function post(body: object): Promise<() => void> {
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${await open.userToken()}`, 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body), signal: leaving.signal };
    void fetch(`${open.httpUrl}/v1/chat/completions`, init)
      .then((response) => response.text())
      .catch(() => undefined);
    return () => leaving.abort();
  }

  it.each(callers)('%s: before the first token nothing is paid', async (_, call) => {
    const leave = await call();
    await agent.next('job');
    leave();
    expect((await agent.next('cancelJob')).reason).toBe(njordr.CancelReason.REQUESTER);
    await expectWhoPays(open, { state: 'CANCELLED', output: 0, input: false });
  });

  it.each(callers)('%s: after the first token input and delivered output are paid', async (_, call) => {
    const leave = await call();
    const job = await agent.next('job');
    agent.chunk(job, 1n, 'one two');
    await waitFor(
      async () => (await open.pool.query('SELECT FROM transactions WHERE checkpoint IS NOT NULL')).rowCount === 1,
    );
    leave();
    expect((await agent.next('cancelJob')).reason).toBe(njordr.CancelReason.REQUESTER);
    agent.chunk(job, 2n, ' three');
    await expectWhoPays(open, { state: 'COMPLETED', finish: 'CANCELLED', output: 2, input: true });
  });
});

const PIECE = 'word '.repeat(12_000);
/** What the provider would send: 200 MB. */
const PIECES = 3_500n;
const WINDOW = 32n;

describe('backpressure, end to end: a client that does not read', () => {
  let open: OpenedRequests;
  let agent: TestAgent;
  beforeEach(async () => {
    open = await openRequests({
      linked: true,
      settings: { requests: { slowReaderMs: 2_000 }, link: { maxJobBytes: 1_073_741_824 } },
    });
    open.heidrun.walletCents = 10n ** 12n;
    Object.assign(open.market.offers[0]!, {
      price: { priceCents: 1n, unitTokens: 1_000n },
      contextLength: 10n ** 9n,
      maxOutputTokens: 10n ** 9n,
    });
    agent = open.agent('p1');
    await agent.hello();
  });
  afterEach(() => open.close());

  /** Sends as much as the market takes. @returns how many pieces that were, once the job was called off */
  async function sendAll(job: njordr.Job): Promise<bigint> {
    const last = () => agent.received.findLast(({ body }) => body?.$case === 'chunkAck')?.body;
    const calledOff = () => agent.received.some(({ body }) => body?.$case === 'cancelJob');
    for (let sequence = 1n; sequence <= PIECES; sequence += 1n) {
      const room = () => {
        const ack = last();
        return sequence - (ack?.$case === 'chunkAck' ? ack.value.sequence : 0n) <= WINDOW;
      };
      await waitFor(() => room() || calledOff(), { timeoutMs: 50_000 });
      if (calledOff()) return sequence - 1n;
      agent.chunk(job, sequence, PIECE);
    }
    return PIECES;
  }

  const readers: [string, () => Promise<() => void>][] = [
    [
      'gRPC',
      async () => {
        const leaving = new AbortController();
        const request = { idempotencyKey: '', parameters: parameters() };
        const options = { signal: leaving.signal, deadlineMs: 300_000 };
        const events = open.client().compute.executeRequest(request, options)[Symbol.asyncIterator]();
        await events.next();
        return () => leaving.abort();
      },
    ],
    [
      'HTTP',
      async () => {
        const headers = { authorization: `Bearer ${await open.userToken()}`, 'content-type': 'application/json' };
        const call = httpRequest(`${open.httpUrl}/v1/chat/completions`, { method: 'POST', headers });
        call.on('response', (response) => response.pause()).on('error', () => undefined);
        call.end(JSON.stringify({ ...chat, stream: true }));
        return () => void call.destroy();
      },
    ],
  ];
  it.each(readers)(
    '%s: the provider is held back, memory stays bounded, and in the end the client counts as gone',
    async (_, read) => {
      let most = 0;
      const watch = setInterval(() => (most = Math.max(most, open.link!.unread.total)), 1);
      const leave = await read();
      const sent = await sendAll(await agent.next('job'));
      clearInterval(watch);
      // What was sent and not yet in the hands of the operating system is all that can be in memory.
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(Number(WINDOW) * PIECE.length);
      expect(sent).toBeLessThan(PIECES / 4n);
      const row = async () =>
        (await open.pool.query<Record<string, unknown>>('SELECT * FROM transactions')).rows[0] ?? {};
      await expect.poll(async () => (await row())['state'], { timeout: 30_000 }).toBe('COMPLETED');
      const ended = await row();
      const output = ended['output_tokens'] as bigint;
      expect(output).toBeGreaterThan(0n);
      expect(output).toBeLessThan(sent * 12_001n);
      const total = ((ended['input_tokens'] as bigint) + output + 999n) / 1_000n;
      expect(ended).toMatchObject({ total_cost_cents: total, company_fee_cents: (total * 15n) / 100n });
      expect(ended['input_tokens']).toBe(ended['estimated_input_tokens']);
      expect(open.heidrun.captures).toHaveLength(1);
      expect(open.heidrun.open()).toEqual([]);
      expect(open.link!.unread.total).toBe(0);
      leave();
    },
    90_000,
  );
});

describe('HTTP clients that send slowly or too much', () => {
  let open: OpenedRequests;
  beforeEach(async () => {
    open = await openRequests({ linked: true, http: { receiveTimeoutMs: 1_000, maxConnections: 5 } });
  });
  afterEach(() => open.close());
  const dial = (text: string) => {
    const socket = connect(Number(new URL(open.httpUrl).port), '127.0.0.1');
    let answer = '';
    const closed = new Promise<string>((resolve) => {
      socket.on('data', (bytes) => (answer += bytes.toString()));
      socket.on('error', () => undefined).on('close', () => resolve(answer));
    });
    socket.write(text);
    return { socket, closed };
  };

  it('headers that never end, and a body that never comes, are cut off', async () => {
    const headers = dial('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const token = await open.userToken();
    const body = dial(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"model":',
    );
    expect(await headers.closed).toMatch(/^HTTP\/1\.1 408 |^$/);
    expect(await body.closed).toMatch(/^HTTP\/1\.1 408 |^$/);
  });

  it('a header beyond the bound is refused, and connections beyond the bound are closed', async () => {
    const huge = dial(`GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Huge: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(await huge.closed).toMatch(/^HTTP\/1\.1 431 /);
    const held = Array.from({ length: 5 }, () => dial(''));
    await Promise.all(held.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
    expect(await dial('GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n').closed).toBe('');
    for (const { socket } of held) socket.destroy();
  });
});
