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
  // A connection that was lost is lost on both sides; a call that was reset is reset likewise.
  call.on('error', () => (outbound.destroyed ? inbound.session?.destroy() : inbound.close(call.rstCode)));
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
    const whole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const respond = () => inbound.respond(answer, whole ? { endStream: true } : { waitForTrailers: true });
    // A stream whose messages are steps of their own passes on at once; everything else waits for its answer to pass.
    if (messageStep?.(rpc, 'down', Buffer.alloc(0)) !== undefined) {
      respond();
      if (!whole) void pump(call, inbound, step('down'));
      return;
    }
    const passed = gate.reach(`${name}/${rpc}:after`);
    relayAnswer(call, inbound, whole, passed, respond);
  });
}

/** Takes the answer in at once, as a caller would, but passes nothing on before it may. */
function relayAnswer(
  call: ClientHttp2Stream,
  inbound: ServerHttp2Stream,
  whole: boolean,
  passed: Promise<void>,
  respond: () => void,
): void {
  const held: Buffer[] = [];
  let open = false;
  let ended = false;
  call.on('data', (chunk: Buffer) => void (open ? inbound.write(chunk) : held.push(chunk)));
  call.on('end', () => {
    ended = true;
    if (open && !whole) inbound.end();
  });
  void passed.then(() => {
    if (inbound.destroyed || inbound.closed) return;
    respond();
    open = true;
    if (whole) return;
    for (const chunk of held) inbound.write(chunk);
    if (ended) inbound.end();
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
    to.close(constants.NGHTTP2_CANCEL);
  }
}

function drained(stream: ServerHttp2Stream | ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('drain', resolve);
    stream.once('close', resolve);
  });
}
