import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault } from '@edda/faults';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { type CallContext, noDeadline, runDetached } from '../src/index.ts';
import { type Echo, EchoService } from './echo-definition.ts';
import { minter, start, tokenFor, until } from './fixture.ts';

/** Waits forever, and records how it was told to stop. */
function hanging() {
  const seen: { ctx?: CallContext; reason?: string } = {};
  const echo = (_request: Echo, ctx: CallContext) => {
    seen.ctx = ctx;
    return new Promise<Echo>((_resolve, reject) => {
      ctx.signal.addEventListener('abort', () => {
        seen.reason = (ctx.signal.reason as Fault).reason;
        reject(ctx.signal.reason as Fault);
      });
    });
  };
  return { seen, echo };
}

const inMs = (ctx: CallContext | undefined) => (ctx?.deadline.getTime() ?? 0) - Date.now();

/** gRPC sends the time left, not a moment: the time on the way comes on top, which a busy machine stretches. */
const onTheWayMs = 1_000;

describe('deadlines', () => {
  it('a missing one is the default, never an error', async () => {
    const { seen, echo } = hanging();
    const { address } = await start({ echo }, { defaultDeadlineMs: 150 });
    const raw = new Client(address, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${await tokenFor('user')}`);
    const { requestSerialize, responseDeserialize, path } = EchoService.echo;
    const code = await new Promise<number | undefined>((resolve) => {
      raw.makeUnaryRequest(path, requestSerialize, responseDeserialize, { text: 'x' }, metadata, (e) =>
        resolve(e?.code),
      );
    });
    raw.close();
    expect(code).toBe(4);
    expect(seen.reason).toBe('DEADLINE_EXCEEDED');
  });

  it('the caller’s own counts, up to the cap', async () => {
    const { seen, echo } = hanging();
    const { client } = await start({ echo }, { maxDeadlineMs: 200 });
    await expect(client().echo({ text: 'x' }, { deadlineMs: 100 })).rejects.toMatchObject({
      reason: 'DEADLINE_EXCEEDED',
    });
    const capped = client().echo({ text: 'x' }, { deadlineMs: 60_000 });
    await expect(capped).rejects.toMatchObject({ kind: 'deadline', reason: 'DEADLINE_EXCEEDED' });
    expect(inMs(seen.ctx)).toBeLessThan(onTheWayMs);
  });

  it('a call made while serving another gets no more time than is left, unless detached', async () => {
    const inner = hanging();
    const { client: innerClient } = await start({ echo: inner.echo });
    const downstream = innerClient();
    let detached = false;
    const { client } = await start({
      echo: (request) => {
        const call = () => downstream.echo(request, { deadlineMs: 5_000 });
        return detached ? runDetached(call) : call();
      },
    });
    const outer = client({ retries: false });
    await expect(outer.echo({ text: 'x' }, { deadlineMs: 300 })).rejects.toMatchObject({ kind: 'deadline' });
    expect(inMs(inner.seen.ctx)).toBeLessThan(onTheWayMs);
    detached = true;
    await expect(outer.echo({ text: 'x' }, { deadlineMs: 300 })).rejects.toMatchObject({ kind: 'deadline' });
    expect(inMs(inner.seen.ctx)).toBeGreaterThan(3_000);
  });

  it('a request id travels to the next service', async () => {
    const ids: string[] = [];
    const leaf = await start({
      echo: async (request, ctx) => {
        ids.push(ctx.requestId, ctx.idempotencyHeader ?? '');
        return request;
      },
    });
    const next = leaf.client();
    const { client } = await start({ echo: (request) => next.echo(request, { idempotencyKey: 'key-1' }) });
    await client().echo({ text: 'x' }, { requestId: 'request-7' });
    expect(ids).toEqual(['request-7', 'key-1']);
  });
});

describe('cancellation', () => {
  it('reaches the handler’s signal, for unary calls and streams', async () => {
    const { seen, echo } = hanging();
    let streamEnded = false;
    const { client } = await start({
      echo,
      async *watch(request, ctx) {
        try {
          for (;;) {
            yield request;
            await sleep(5, undefined, { signal: ctx.signal });
          }
        } finally {
          streamEnded = true;
        }
      },
    });
    const controller = new AbortController();
    const call = client().echo({ text: 'x' }, { signal: controller.signal });
    await until(() => seen.ctx !== undefined && seen.ctx.signal.aborted === false);
    controller.abort();
    await expect(call).rejects.toMatchObject({ kind: 'cancelled', reason: 'CANCELLED' });
    await until(() => seen.reason === 'CANCELLED');
    for await (const message of client().watch({ text: 'y' })) {
      expect(message.text).toBe('y');
      break;
    }
    await until(() => streamEnded);
  });
});

describe('long-lived streams', () => {
  it('have no deadline and end with TOKEN_EXPIRED when the token does', async () => {
    let deadline: Date | undefined;
    const { client } = await start(
      {
        async *chat(requests, ctx) {
          deadline = ctx.deadline;
          for await (const request of requests) yield request;
        },
      },
      { rule: { chat: { roles: ['user'], longLived: true } }, defaultDeadlineMs: 50, maxDeadlineMs: 50 },
    );
    const token = await minter.mint({ subject: 'u', networkId: 'n', roles: ['user'], ttlSeconds: 2 });
    const silent = (async function* () {
      yield { text: 'hello' };
      await new Promise(() => undefined);
    })();
    const startedAt = Date.now();
    const api = client({ token: async () => token });
    const stream = api.chat(silent, { deadlineMs: Infinity })[Symbol.asyncIterator]();
    await expect(stream.next()).resolves.toMatchObject({ value: { text: 'hello' } });
    await expect(stream.next()).rejects.toMatchObject({ kind: 'unauthenticated', reason: 'TOKEN_EXPIRED' });
    expect(Date.now() - startedAt).toBeGreaterThan(500);
    expect(deadline).toEqual(noDeadline);
  });
});
