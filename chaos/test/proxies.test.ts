import { createServer, type Server, type Socket } from 'node:net';
import { type AddressInfo, connect } from 'node:net';
import { Client, credentials, Metadata, Server as GrpcServer, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { createGate } from '../src/proxies/gate.ts';
import { createFrameCutter, messageOf } from '../src/proxies/grpc-frames.ts';
import { startGrpcProxy } from '../src/proxies/grpc-proxy.ts';
import { createMessageCutter } from '../src/proxies/pg-messages.ts';
import { startPgProxy } from '../src/proxies/pg-proxy.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const frame = (text: string) => {
  const body = Buffer.from(text);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(body.length, 1);
  return Buffer.concat([header, body]);
};
const pgMessage = (type: string, text: string) => {
  const body = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
/** The same bytes, cut everywhere. */
const cuts = (bytes: Buffer) =>
  Array.from({ length: bytes.length + 1 }, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)]);

describe('cutting streams into messages', () => {
  it('gRPC frames come out whole, wherever the bytes are cut', () => {
    const bytes = Buffer.concat([frame('one'), frame(''), frame('three')]);
    for (const pieces of cuts(bytes)) {
      const cut = createFrameCutter();
      expect(pieces.flatMap((piece) => cut(piece)).map((whole) => messageOf(whole).toString())).toEqual([
        'one',
        '',
        'three',
      ]);
    }
  });

  it('PostgreSQL’s messages come out whole; a client’s first one has no letter', () => {
    const bytes = Buffer.concat([pgMessage('', 'user'), pgMessage('B', 'bind'), pgMessage('S', '')]);
    for (const pieces of cuts(bytes)) {
      const cut = createMessageCutter({ startup: true });
      const messages = pieces.flatMap((piece) => cut(piece)).map(({ type, body }) => [type, body.toString()]);
      expect(messages).toEqual([
        ['', 'user'],
        ['B', 'bind'],
        ['S', ''],
      ]);
    }
  });
});

describe('the gate', () => {
  it('holds the next message at an armed step, lets others and later ones pass, and knows what it saw', async () => {
    const gate = createGate();
    const stop = gate.arm('a');
    let passed = false;
    const held = gate.reach('a').then(() => (passed = true));
    await stop.reached;
    await gate.reach('b');
    await gate.reach('a');
    expect(passed).toBe(false);
    stop.release();
    await held;
    expect([...gate.seen]).toEqual(['a', 'b']);
    const unused = gate.arm('c');
    unused.release();
    await gate.reach('c');
  });
});

describe('between a client and a gRPC service', () => {
  const path = '/test.Echo/Say';
  const same = (bytes: Buffer) => bytes;

  async function open() {
    const gate = createGate();
    const seen: string[] = [];
    const server = new GrpcServer();
    const method = { path, requestStream: false, responseStream: false } as const;
    const coding = {
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    server.addService(
      { say: { ...method, ...coding } },
      {
        say(call: { request: Buffer }, answer: (error: object | null, value?: Buffer) => void) {
          const text = call.request.toString();
          seen.push(text);
          if (text === 'fail') answer({ code: status.NOT_FOUND, details: 'no such thing' });
          else answer(null, Buffer.from(`${text}!`));
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    closing.push(() => server.forceShutdown());
    const proxy = await startGrpcProxy({ gate, target: `127.0.0.1:${port}`, name: 'a→b' });
    closing.push(() => proxy.close());
    const client = new Client(`127.0.0.1:${proxy.port}`, credentials.createInsecure());
    closing.push(() => client.close());
    const say = (text: string) =>
      new Promise<string>((resolve, reject) =>
        client.makeUnaryRequest(path, same, same, Buffer.from(text), new Metadata(), (error, value) =>
          error === null ? resolve(String(value)) : reject(error),
        ),
      );
    return { gate, seen, say, server };
  }

  it('answers and errors pass as they are', async () => {
    const { say, gate } = await open();
    expect(await say('hello')).toBe('hello!');
    await expect(say('fail')).rejects.toMatchObject({ code: status.NOT_FOUND, details: 'no such thing' });
    expect([...gate.seen]).toEqual(['a→b/Say:before', 'a→b/Say:after']);
  });

  it('stopped before, the service has not seen the call; stopped after, it is done and the client does not know', async () => {
    const { say, gate, seen } = await open();
    const before = gate.arm('a→b/Say:before');
    const first = say('first');
    await before.reached;
    expect(seen).toEqual([]);
    before.release();
    expect(await first).toBe('first!');
    const after = gate.arm('a→b/Say:after');
    let answered = false;
    const second = say('second').then((text) => ((answered = true), text));
    await after.reached;
    expect(seen).toEqual(['first', 'second']);
    expect(answered).toBe(false);
    after.release();
    expect(await second).toBe('second!');
  });

  it('a service that dies is lost to the client too, in the middle of a call as well', async () => {
    const { say, gate, server } = await open();
    const stop = gate.arm('a→b/Say:after');
    const call = say('last words');
    const lost = expect(call).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await stop.reached;
    server.forceShutdown();
    await lost;
    stop.release();
  });
});

describe('between a service and PostgreSQL', () => {
  /** Answers every Bind with ReadyForQuery, as PostgreSQL does once a statement is done. */
  async function open() {
    const gate = createGate();
    const seen: string[] = [];
    const server: Server = createServer((socket: Socket) => {
      const cut = createMessageCutter({ startup: true });
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        for (const { type, body } of cut(chunk)) {
          if (type !== 'B') continue;
          seen.push(body.toString().split('\0')[1] ?? '');
          socket.write(pgMessage('Z', 'I'));
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    const target = (server.address() as AddressInfo).port;
    const statementStep = (statement: string) => (statement === 'end' ? 'njordr/end' : undefined);
    const proxy = await startPgProxy({ gate, target, statementStep });
    closing.push(() => proxy.close());
    const socket = connect(proxy.port, '127.0.0.1');
    closing.push(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.write(pgMessage('', 'startup'));
    let ready = 0;
    socket.on('data', (chunk: Buffer) => (ready += chunk.toString('latin1').split('Z').length - 1));
    return {
      gate,
      seen,
      ready: () => ready,
      socket,
      run: (name: string) => socket.write(pgMessage('B', `\0${name}\0`)),
    };
  }

  it('a statement with a step waits before it is seen and before its result is; others pass', async () => {
    const { gate, seen, ready, run } = await open();
    run('other');
    await expect.poll(ready).toBe(1);
    const before = gate.arm('njordr/end:before');
    const after = gate.arm('njordr/end:after');
    run('end');
    await before.reached;
    expect(seen).toEqual(['other']);
    before.release();
    await after.reached;
    expect(seen).toEqual(['other', 'end']);
    expect(ready()).toBe(1);
    after.release();
    await expect.poll(ready).toBe(2);
  });

  it('what breaks off on one side breaks off on the other', async () => {
    const { socket, run, ready } = await open();
    run('other');
    await expect.poll(ready).toBe(1);
    const lost = new Promise((resolve) => socket.once('close', resolve));
    await closing[1]?.();
    await lost;
  });
});
