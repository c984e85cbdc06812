import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { type GrpcCall } from './grpc-connection.ts';
import { grpcLoad } from './grpc-load.ts';
import { httpLoad } from './http-load.ts';
import { loadResult } from './latencies.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const call: GrpcCall = {
  path: '/bench.Echo/Say',
  metadata: { authorization: `Bearer ${'t'.repeat(300)}`, 'grpc-timeout': '10S' },
  request: Buffer.from('question'),
  expected: Buffer.from('answer'),
};

/** A real grpc-js server that answers what it is told to, and remembers what it saw. */
async function grpcServer(answer: (count: number) => Buffer | { code: number; details: string }) {
  const seen: { metadata: Record<string, unknown>; request: string }[] = [];
  const pass = (value: Buffer) => value;
  const say = { path: call.path, requestStream: false, responseStream: false } as const;
  const codec = {
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  };
  const server = new Server();
  server.addService({ say: { ...say, ...codec } }, {
    say: (
      given: { metadata: { getMap(): Record<string, unknown> }; request: Buffer },
      done: (...args: unknown[]) => void,
    ) => {
      seen.push({ metadata: given.metadata.getMap(), request: given.request.toString() });
      const said = answer(seen.length);
      if (Buffer.isBuffer(said)) done(null, said);
      else done(said);
    },
  } as never);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  closers.push(() => server.forceShutdown());
  return { port, seen };
}

const run = (port: number, ms = 300) => grpcLoad({ port, call, connections: 2, concurrency: 3, ms });

describe('grpcLoad', () => {
  it('sends whole calls to a real server and counts exactly those it answered', async () => {
    const { port, seen } = await grpcServer(() => Buffer.from('answer'));
    const { calls, p50LatencyMs, p99LatencyMs } = await run(port);
    expect(calls).toBe(seen.length);
    expect(calls).toBeGreaterThanOrEqual(6);
    for (const { request, metadata } of [...seen.slice(0, 8), ...seen.slice(-8)]) {
      expect(request).toBe('question');
      expect(metadata).toMatchObject({ authorization: call.metadata['authorization'] });
    }
    expect(p99LatencyMs).toBeGreaterThanOrEqual(p50LatencyMs);
  });

  it('fails on a status other than OK, even a late one', async () => {
    const { port } = await grpcServer((count) => (count < 20 ? Buffer.from('answer') : { code: 5, details: 'no' }));
    await expect(run(port, 5_000)).rejects.toThrow('/bench.Echo/Say failed');
  });

  it('fails on another message', async () => {
    const { port } = await grpcServer((count) => Buffer.from(count < 20 ? 'answer' : 'reply!'));
    await expect(run(port, 5_000)).rejects.toThrow('/bench.Echo/Say answered');
  });

  it('fails when nobody listens', async () => {
    const { port } = await grpcServer(() => Buffer.from('answer'));
    closers.splice(0).forEach((close) => close());
    await expect(run(port)).rejects.toThrow(/ECONN|closed/);
  });
});

/** @returns its URL and the number of requests it has answered */
async function httpServer(status = 200) {
  const seen: { token: string | undefined; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      seen.push({ token: request.headers.authorization, body });
      response.writeHead(status).end('the answer');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen };
}

describe('httpLoad', () => {
  const load = { tokens: ['a', 'b'], body: '{"ask":1}', expected: 'answer', concurrency: 4, ms: 200 };

  it('keeps asking with every token, and counts what was answered', async () => {
    const { url, seen } = await httpServer();
    const { calls } = await httpLoad({ ...load, url });
    expect(calls).toBe(seen.length);
    expect(new Set(seen.map(({ token }) => token))).toEqual(new Set(['Bearer a', 'Bearer b']));
    expect(seen.every(({ body }) => body === load.body)).toBe(true);
  });

  it('starts exactly as many as the rate says', async () => {
    const { url } = await httpServer();
    expect((await httpLoad({ ...load, url, rate: 50 })).calls).toBe(10);
  });

  it('fails on another status or another answer', async () => {
    const { url } = await httpServer(500);
    await expect(httpLoad({ ...load, url })).rejects.toThrow('answered 500');
    const good = await httpServer();
    await expect(httpLoad({ ...load, url: good.url, expected: 'nothing' })).rejects.toThrow('answered 200');
  });
});

it('a load result has the percentiles of all calls, whatever their order', () => {
  const latencies = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(loadResult(latencies, 2)).toEqual({ calls: 100, seconds: 2, p50LatencyMs: 51, p99LatencyMs: 100 });
});
