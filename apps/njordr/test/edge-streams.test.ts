import { connect, type Socket } from 'node:net';
import { njordr } from '@edda/contracts';
import { type CallContext } from '@edda/grpc-kit';
import { waitFor } from '@edda/testing';
import { describe, expect, it } from 'vitest';
import { accepted, chunk, eventsOf, receipt, startEdge, tokenFor } from './edge-fixture.ts';

const chat = '/v1/chat/completions';
const messages = [{ role: 'user', content: 'x' }];

/** Sends a request over a socket of its own, which the test reads as it likes. */
async function post(port: number, path: string, body: object): Promise<Socket> {
  const text = JSON.stringify(body);
  const token = await tokenFor('user');
  const socket = connect(port, '127.0.0.1');
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  return socket;
}

/** Resolves when the call ends. */
const aborted = (ctx: CallContext) =>
  new Promise<void>((resolve) => {
    if (ctx.signal.aborted) resolve();
    else ctx.signal.addEventListener('abort', () => resolve());
  });

describe('a client that goes away', () => {
  it.each([true, false])('aborts the call’s signal and ends the handler (stream: %s)', async (stream) => {
    let seen: CallContext | undefined;
    let cleaned = false;
    const edge = await startEdge({
      compute: {
        executeRequest: async function* (_request, ctx) {
          try {
            seen = ctx;
            yield* [accepted(), chunk(1n, 'x')];
            await aborted(ctx);
            ctx.signal.throwIfAborted();
          } finally {
            cleaned = true;
          }
        },
      },
    });
    const socket = await post(edge.port, chat, { model: 'm', messages, stream });
    await waitFor(() => seen !== undefined);
    if (stream) await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    await waitFor(() => cleaned);
    expect(seen?.signal.reason).toMatchObject({ reason: 'CANCELLED' });
    await waitFor(() => edge.log.records.some((line) => line.msg === 'request'));
    expect((await edge.call('GET', '/v1/models')).status).toBe(200);
  });
});

describe('a client that reads slowly', () => {
  it('slows the provider down instead of filling our memory, and still gets everything', async () => {
    const total = 600;
    const piece = 'y'.repeat(32_768);
    let produced = 0;
    const edge = await startEdge({
      compute: {
        executeRequest: async function* () {
          yield accepted();
          for (; produced < total; produced += 1) yield chunk(BigInt(produced + 1), piece);
          yield receipt();
        },
      },
    });
    const socket = await post(edge.port, chat, { model: 'm', messages, stream: true });
    socket.pause();
    await waitFor(() => produced > 0);
    let before = -1;
    await waitFor(() => before === (before = produced), { intervalMs: 200 });
    // What was produced sits in the kernel's buffers; 20 MB would not fit there.
    expect(produced).toBeLessThan(total / 2);
    let last = '';
    let bytes = 0;
    socket.on('data', (data: Buffer) => {
      bytes += data.length;
      last = (last + data.toString('latin1')).slice(-200);
    });
    socket.resume();
    await waitFor(() => last.includes('[DONE]'), { timeoutMs: 20_000 });
    expect(bytes).toBeGreaterThan(total * piece.length);
    socket.destroy();
  });

  it('is cut off at the deadline when it does not read at all', async () => {
    let ended = false;
    const edge = await startEdge({
      settings: { executionDeadlineMs: 1_000 },
      compute: {
        executeRequest: async function* () {
          try {
            yield accepted();
            for (let i = 1n; ; i += 1n) yield chunk(i, 'y'.repeat(65_536));
          } finally {
            ended = true;
          }
        },
      },
    });
    const socket = await post(edge.port, chat, { model: 'm', messages, stream: true });
    socket.pause();
    await waitFor(() => ended);
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    await closed;
  });
});

describe('an answer that takes too long', () => {
  it('answers DEADLINE_EXCEEDED although the handler does not return', async () => {
    const edge = await startEdge({
      settings: { executionDeadlineMs: 1_000, deadlineMs: 200 },
      compute: {
        getRequest: () => new Promise(() => undefined),
        executeRequest: async function* () {
          yield accepted();
          await new Promise(() => undefined);
        },
      },
    });
    const read = await edge.call('GET', '/api/v1/marketplace/requests/r');
    expect(read.json).toMatchObject({ status: 504, reason: 'DEADLINE_EXCEEDED' });
    const stream = await edge.call('POST', '/api/v1/marketplace/requests', {
      body: { model: 'm', prompt: 'x', stream: true },
    });
    expect(eventsOf(stream.text).at(-1)).toMatchObject({ event: 'error', data: { reason: 'DEADLINE_EXCEEDED' } });
    const whole = await edge.call('POST', chat, { body: { model: 'm', messages } });
    expect(whole.json).toMatchObject({ error: { code: 'DEADLINE_EXCEEDED', type: 'server_error' } });
  });

  it('keeps a silent stream open with comments', async () => {
    const edge = await startEdge({
      settings: { keepAliveCommentMs: 100 },
      compute: {
        executeRequest: async function* () {
          yield accepted();
          await new Promise((resolve) => setTimeout(resolve, 350));
          yield receipt({ outputTokens: 0n });
        },
      },
    });
    const { text } = await edge.call('POST', chat, { body: { model: 'm', messages, stream: true } });
    expect(text.match(/^: keep-alive$/gm)?.length).toBeGreaterThanOrEqual(2);
    expect(eventsOf(text).at(-1)?.data).toBe('[DONE]');
  });
});

describe('bounds', () => {
  it('an answer in one piece has a largest size, beyond which the execution is ended', async () => {
    let ended = false;
    const edge = await startEdge({
      settings: { maxAnswerBytes: 100_000 },
      compute: {
        executeRequest: async function* () {
          try {
            yield accepted();
            for (let i = 1n; ; i += 1n) yield chunk(i, 'y'.repeat(10_000));
          } finally {
            ended = true;
          }
        },
      },
    });
    const answer = await edge.call('POST', chat, { body: { model: 'm', messages } });
    expect(answer.json).toMatchObject({ error: { code: 'ANSWER_TOO_LARGE', metadata: { request_id: 'req-1' } } });
    expect(ended).toBe(true);
  });

  it('more requests at once than allowed answer RATE_LIMITED', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const edge = await startEdge({
      settings: { maxConcurrentRequests: 2 },
      compute: {
        getRequest: async () => {
          await gate;
          return { request: njordr.ComputeRequest.fromPartial({}) };
        },
      },
    });
    const get = () => edge.call('GET', '/api/v1/marketplace/requests/r');
    const running = [get(), get()];
    await waitFor(async () =>
      (await edge.metrics.render()).includes('http_server_active_requests{service="njordr"} 2'),
    );
    expect((await get()).json).toMatchObject({ status: 429, reason: 'RATE_LIMITED' });
    release();
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200]);
    await waitFor(async () => (await get()).status === 200);
  });
});

describe('closing', () => {
  it('lets running requests finish, then cuts off what does not', async () => {
    const running = { streams: 0, reads: 0 };
    const edge = await startEdge({
      compute: {
        executeRequest: async function* (_request, ctx) {
          yield* [accepted(), chunk(1n, 'x')];
          running.streams += 1;
          await aborted(ctx);
          ctx.signal.throwIfAborted();
        },
        getRequest: async () => {
          running.reads += 1;
          await new Promise((resolve) => setTimeout(resolve, 50));
          return { request: njordr.ComputeRequest.fromPartial({ requestId: 'r' }) };
        },
      },
    });
    const stream = edge.call('POST', chat, { body: { model: 'm', messages, stream: true } });
    const read = edge.call('GET', '/api/v1/marketplace/requests/r');
    await waitFor(() => running.streams === 1 && running.reads === 1);
    expect(await edge.metrics.render()).toContain('http_server_active_requests{service="njordr"} 2');
    const closed = edge.close();
    const late = await edge.call('GET', '/v1/models');
    expect(late.json).toMatchObject({ error: { code: 'DRAINING' } });
    await closed;
    expect(await read).toMatchObject({ status: 200 });
    expect(eventsOf((await stream).text).at(-1)?.data).toMatchObject({ error: { code: 'DRAINING' } });
    await expect(edge.call('GET', '/v1/models')).rejects.toThrow();
  });
});
