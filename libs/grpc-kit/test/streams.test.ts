import { setTimeout as sleep } from 'node:timers/promises';
import { commonFaults } from '@edda/faults';
import { describe, expect, it } from 'vitest';
import { type Echo } from './echo-definition.ts';
import { start, until } from './fixture.ts';

/** 64 KiB each, so that a few fill HTTP/2's flow-control window. */
const block = 'x'.repeat(64 * 1024);

async function* texts(count: number, onSent: (at: number) => void = () => undefined) {
  for (let at = 0; at < count; at += 1) {
    onSent(at);
    yield { text: `${at}` };
  }
}

describe('streams', () => {
  it('carry every message in order, in both directions', async () => {
    const { client } = await start({
      async *watch({ text }) {
        for (let at = 0; at < Number(text); at += 1) yield { text: `${at}` };
      },
      async collect(requests) {
        let sum = 0;
        for await (const request of requests) sum += Number(request.text);
        return { text: `${sum}` };
      },
      async *chat(requests) {
        for await (const request of requests) yield { text: `re ${request.text}` };
      },
    });
    const api = client();
    const watched: string[] = [];
    for await (const { text } of api.watch({ text: '2000' })) watched.push(text);
    expect(watched).toEqual(Array.from({ length: 2_000 }, (_, at) => `${at}`));
    await expect(api.collect(texts(2_000))).resolves.toEqual({ text: `${(1_999 * 2_000) / 2}` });
    const replies: string[] = [];
    for await (const { text } of api.chat(texts(500))) replies.push(text);
    expect(replies).toHaveLength(500);
    expect(replies.at(-1)).toBe('re 499');
  });

  it('stop a server that writes faster than its client reads', async () => {
    let written = 0;
    const { client } = await start({
      async *watch() {
        for (; written < 2_000; written += 1) yield { text: block };
      },
    });
    const stream = client().watch({ text: '' })[Symbol.asyncIterator]();
    await stream.next();
    await sleep(500);
    expect(written).toBeLessThan(200);
    await stream.return?.(undefined);
  });

  it('stop a client that writes faster than its server reads', async () => {
    let sent = 0;
    const { client } = await start({
      async collect(requests, ctx) {
        const first = await requests[Symbol.asyncIterator]().next();
        await sleep(500, undefined, { signal: ctx.signal });
        return { text: `${first.done === true}` };
      },
    });
    async function* flood(): AsyncGenerator<Echo> {
      for (; sent < 2_000; sent += 1) yield { text: block };
    }
    await expect(client().collect(flood())).resolves.toEqual({ text: 'false' });
    expect(sent).toBeLessThan(200);
  });

  it('pass a fault on after the messages before it', async () => {
    const { client } = await start({
      async *chat(requests) {
        for await (const request of requests) {
          if (request.text === '2') throw commonFaults.NOT_FOUND('no 2');
          yield request;
        }
      },
    });
    const got: string[] = [];
    const run = async () => {
      for await (const { text } of client().chat(texts(5))) got.push(text);
    };
    await expect(run()).rejects.toMatchObject({ reason: 'NOT_FOUND', message: 'no 2' });
    expect(got).toEqual(['0', '1']);
  });

  it('end a handler that waits for messages when the deadline passes', async () => {
    let ended = '';
    const handlers = {
      async *chat(requests: AsyncIterable<Echo>) {
        try {
          for await (const request of requests) yield request;
        } catch (error) {
          ended = (error as { reason: string }).reason;
          throw error;
        }
      },
    };
    // The server's deadline alone: a client's own may pass first, and then the handler only sees that it went away.
    const { client } = await start(handlers, { maxDeadlineMs: 500 });
    const silent = (async function* (): AsyncGenerator<Echo> {
      yield { text: 'a' };
      await new Promise(() => undefined);
    })();
    const stream = client().chat(silent, { deadlineMs: 60_000 })[Symbol.asyncIterator]();
    await stream.next();
    await expect(stream.next()).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
    await until(() => ended === 'DEADLINE_EXCEEDED');
  });

  it('report a failure of the caller’s own messages as that failure', async () => {
    const { client } = await start({
      async collect(requests) {
        for await (const _ of requests) continue;
        return { text: '' };
      },
    });
    const broken = (async function* (): AsyncGenerator<Echo> {
      yield { text: 'a' };
      throw commonFaults.NOT_FOUND('my own');
    })();
    await expect(client().collect(broken)).rejects.toMatchObject({ reason: 'NOT_FOUND', message: 'my own' });
  });
});
