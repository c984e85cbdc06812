import { connect, type Socket } from 'node:net';
import {
  connectionPreface,
  flag,
  frame,
  frameHeaderBytes,
  frameReader,
  frameType,
  grpcMessage,
  headerBlocks,
} from './h2-frames.ts';

/** One unary call, the same every time, and the one right answer to it. */
export interface GrpcCall {
  /** Full path: `/package.Service/Method`. */
  path: string;
  metadata: Readonly<Record<string, string>>;
  request: Uint8Array;
  expected: Uint8Array;
}

export interface GrpcConnectionOptions {
  port: number;
  call: GrpcCall;
  /** Calls in flight at any moment. */
  concurrency: number;
  /** Value of performance.now() after which no new call starts. */
  until: number;
}

/** `grpc-status: 0` from a sender without a dynamic table: the name Huffman-coded, the value as it is. */
const statusOk = Buffer.from('889acac8b21234da8f0130', 'hex');

/**
 * Drives one connection on loopback until the time is up, then waits for the answers still due.
 * Written on the socket itself, because a whole HTTP/2 client costs more per call than the server under test.
 * @returns every call's latency in ms
 * @throws Error on the first call that is not answered with OK and the expected message
 */
export function driveConnection({ port, call, concurrency, until }: GrpcConnectionOptions): Promise<number[]> {
  const { promise, resolve, reject } = Promise.withResolvers<number[]>();
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const nextRequest = requests(call, port);
  const expected = grpcMessage(call.expected);
  const inFlight = new Map<number, { startedAt: number; answered: boolean }>();
  const latencies: number[] = [];
  let batch: Buffer[] = [];
  let now = 0;

  const issue = () => {
    const { stream, bytes } = nextRequest();
    inFlight.set(stream, { startedAt: now, answered: false });
    batch.push(bytes);
  };
  const flush = () => {
    if (batch.length > 0) socket.write(batch.length === 1 ? (batch[0] ?? '') : Buffer.concat(batch));
    batch = [];
  };
  const onTrailers = (stream: number, block: Buffer) => {
    const running = inFlight.get(stream);
    if (running?.answered !== true || !block.includes(statusOk)) {
      throw new Error(`call ${(stream + 1) / 2} of ${call.path} failed: trailers ${block.toString('latin1')}`);
    }
    inFlight.delete(stream);
    latencies.push(now - running.startedAt);
    if (now < until) issue();
    else if (inFlight.size === 0) socket.destroy();
  };
  const read = frameReader((type, flags, stream, payload) => {
    if (type === frameType.data && payload.length > 0) {
      if (!payload.equals(expected)) throw new Error(`${call.path} answered ${payload.toString('hex')}`);
      const running = inFlight.get(stream);
      if (running !== undefined) running.answered = true;
    } else if (type === frameType.headers && (flags & flag.endStream) !== 0) onTrailers(stream, payload);
    else answerControl(socket, type, flags, payload);
  });
  socket.on('connect', () => {
    now = performance.now();
    socket.write(connectionPreface());
    for (let count = 0; count < concurrency; count++) issue();
    flush();
  });
  socket.on('data', (chunk: Buffer) => {
    now = performance.now();
    try {
      read(chunk);
      flush();
    } catch (error) {
      socket.destroy(error as Error);
    }
  });
  socket.on('error', reject);
  socket.on('close', () => {
    if (inFlight.size === 0) resolve(latencies);
    else reject(new Error(`${call.path}: the server closed the connection`));
  });
  return promise;
}

function answerControl(socket: Socket, type: number, flags: number, payload: Buffer): void {
  if (type === frameType.goaway || type === frameType.rstStream) {
    throw new Error(
      `the server sent ${type === frameType.goaway ? 'GOAWAY' : 'RST_STREAM'} ${payload.toString('latin1')}`,
    );
  }
  const acknowledged = (flags & flag.ack) !== 0;
  if (type === frameType.settings && !acknowledged) socket.write(frame(type, flag.ack, 0, Buffer.alloc(0)));
  if (type === frameType.ping && !acknowledged) socket.write(frame(type, flag.ack, 0, payload));
}

/** Encodes the call once; afterwards only the stream's number changes. */
function requests(call: GrpcCall, port: number): () => { stream: number; bytes: Buffer } {
  const blocks = headerBlocks([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', call.path],
    [':authority', `127.0.0.1:${port}`],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
    ...Object.entries(call.metadata),
  ]);
  const message = frame(frameType.data, flag.endStream, 0, grpcMessage(call.request));
  const template = (block: Buffer) => Buffer.concat([frame(frameType.headers, flag.endHeaders, 0, block), message]);
  const [first, next] = [template(blocks.first), template(blocks.next)];
  let stream = -1;
  return () => {
    stream += 2;
    const bytes = Buffer.from(stream === 1 ? first : next);
    bytes.writeUInt32BE(stream, 5);
    bytes.writeUInt32BE(stream, bytes.length - message.length + frameHeaderBytes - 4);
    return { stream, bytes };
  };
}
