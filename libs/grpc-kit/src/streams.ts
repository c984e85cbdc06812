import { type Readable, type Writable } from 'node:stream';
import { type CallContext } from './call-context.ts';

/** The writing side of a grpc-js stream, server or client. */
export type StreamSink = Pick<Writable, 'write' | 'end' | 'destroyed' | 'once' | 'off' | 'emit'>;

/**
 * A call's request messages, each read when the handler asks for it: the stream buffers at most its high-water mark
 * (16 messages) and HTTP/2 flow control stops the sender. Ends with the call's own fault when the call does.
 */
export async function* requestsOf(
  call: Readable,
  check: (message: unknown) => unknown,
  ctx: CallContext,
): AsyncGenerator<unknown, void, undefined> {
  const { signal } = ctx;
  try {
    // Leaving the loop early must not destroy a bidirectional stream that still has answers to send.
    for await (const message of call.iterator({ destroyOnReturn: false })) {
      if (signal.aborted) break;
      yield check(message);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  signal.throwIfAborted();
}

/** Writes messages one by one, waiting whenever the receiver's window is full; stops when aborted. */
export async function pump(
  messages: AsyncIterable<unknown>,
  serialize: (message: unknown) => unknown,
  sink: StreamSink,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const message of messages) {
    if (signal?.aborted === true || sink.destroyed) return;
    if (!sink.write(serialize(message))) await writable(sink, signal);
  }
}

function writable(sink: StreamSink, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      sink.off('drain', done);
      sink.off('close', done);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    sink.once('drain', done);
    sink.once('close', done);
    signal?.addEventListener('abort', done);
    if (signal?.aborted === true || sink.destroyed) done();
  });
}
