import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo } from 'node:net';
import { type Gate } from './gate.ts';
import { createFrameCutter, messageOf } from './grpc-frames.ts';

export interface GrpcProxyOptions {
  gate: Gate;
  /** `host:port` behind it. */
  target: string;
  /** Before the steps of its calls: `njordr→heidrun`. Its calls are `<name>/<Rpc>:before` and `…:after`. */
  name: string;
  /** The step of a single message of a long stream, if it is one. */
  messageStep?: (rpc: string, direction: 'up' | 'down', message: Buffer) => string | undefined;
}

export interface Proxy {
  readonly port: number;
  close(): Promise<void>;
}

/** One connection behind for each in front, so that either one's end is the other one's. */
export async function startGrpcProxy(options: GrpcProxyOptions): Promise<Proxy> {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (inbound) => {
    sessions.add(inbound);
    const outbound = connect(`http://${options.target}`);
    outbound.on('error', () => inbound.destroy());
    outbound.on('close', () => inbound.destroy());
    outbound.on('goaway', () => inbound.goaway());
    inbound.on('error', () => outbound.destroy());
    inbound.on('close', () => {
      sessions.delete(inbound);
      outbound.destroy();
    });
    inbound.on('stream', (stream, headers) => void relay(options, outbound, stream, headers));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

async function relay(
  { gate, name, messageStep }: GrpcProxyOptions,
  outbound: ClientHttp2Session,
  inbound: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): Promise<void> {
  const rpc = headers[':path']?.split('/').at(-1) ?? '';
  inbound.on('error', () => undefined);
  await gate.reach(`${name}/${rpc}:before`);
  if (outbound.destroyed || inbound.destroyed) return void inbound.destroy();
  const call = outbound.request(headers);
  call.on('error', () => inbound.close(constants.NGHTTP2_INTERNAL_ERROR));
  inbound.on('close', () => call.close(constants.NGHTTP2_CANCEL));
  const step = (direction: 'up' | 'down') => async (message: Buffer) => {
    const at = messageStep?.(rpc, direction, message);
    if (at !== undefined) await gate.reach(at);
  };
  void pump(inbound, call, step('up'));
  let trailers: IncomingHttpHeaders = {};
  call.on('trailers', (sent: IncomingHttpHeaders) => (trailers = sent));
  inbound.on('wantTrailers', () => inbound.sendTrailers(trailers));
  call.on('response', (answer, flags) => {
    // A stream's first words are no answer yet; one message, or an error, is.
    const isAnswer = messageStep?.(rpc, 'down', Buffer.alloc(0)) === undefined;
    void (async () => {
      if (isAnswer) await gate.reach(`${name}/${rpc}:after`);
      if (inbound.destroyed || inbound.closed) return;
      const whole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      inbound.respond(answer, whole ? { endStream: true } : { waitForTrailers: true });
      if (!whole) await pump(call, inbound, step('down'));
    })().catch(() => inbound.close(constants.NGHTTP2_INTERNAL_ERROR));
  });
}

/** Passes on message after message, no faster than the other side reads. */
async function pump(
  from: ServerHttp2Stream | ClientHttp2Stream,
  to: ServerHttp2Stream | ClientHttp2Stream,
  step: (message: Buffer) => Promise<void>,
): Promise<void> {
  const cut = createFrameCutter();
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (const frame of cut(chunk)) {
        await step(messageOf(frame));
        if (to.destroyed) return;
        if (!to.write(frame)) await drained(to);
      }
    }
    if (!to.destroyed) to.end();
  } catch {
    // Whichever side broke off: the other one learns it by its own stream's end.
    to.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

function drained(stream: ServerHttp2Stream | ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('drain', resolve);
    stream.once('close', resolve);
  });
}
