import { type Fault } from '@edda/faults';
import { type CallContext } from '@edda/grpc-kit';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type EventStream, openEventStream } from '../http/event-stream.ts';
import { type HttpCalls } from '../http/http-calls.ts';

/** How a server-streaming RPC becomes server-sent events. */
export interface Relay<Event> {
  events: (ctx: CallContext) => AsyncIterable<Event>;
  /** Headers that depend on the first event. */
  headers: (first: Event) => Record<string, string>;
  /** The text an event is sent as; '' sends nothing. */
  text: (event: Event) => string;
  /** Whether the answer begins with this event; texts before it wait. */
  opens: (event: Event) => boolean;
  /** The text that ends a stream well. */
  last: string;
  /** The text that ends a stream in which something failed. */
  failure: (fault: Fault) => string;
  /** How long a stream may be silent, ms: from then on it is open, and comments keep it so. */
  keepAliveMs: number;
}

/**
 * Streams an RPC's events. Nothing is sent before the event that opens the answer, so that whatever fails earlier gets
 * its proper status; what fails later is the stream's last event. The next event is asked for only when the client
 * took the one before, and a client that goes away aborts the call's signal and ends the RPC.
 */
export async function relayEvents<Event>(
  calls: HttpCalls,
  request: FastifyRequest,
  reply: FastifyReply,
  relay: Relay<Event>,
): Promise<void> {
  let stream: EventStream | undefined;
  let silence: NodeJS.Timeout | undefined;
  try {
    await calls.run(request, async (ctx) => {
      const open = (): EventStream => (stream ??= openEventStream(reply, ctx.signal, relay.keepAliveMs));
      let waiting = '';
      for await (const event of relay.events(ctx)) {
        ctx.signal.throwIfAborted();
        if (silence === undefined) {
          void reply.headers(relay.headers(event));
          silence = setTimeout(open, relay.keepAliveMs);
        }
        waiting += relay.text(event);
        if (stream === undefined && !relay.opens(event)) continue;
        const text = waiting;
        waiting = '';
        if (text !== '') await open().send(text);
      }
      ctx.signal.throwIfAborted();
      if (stream === undefined) throw new Error('the stream ended without an answer');
    });
    stream?.end(relay.last);
  } catch (error) {
    if (stream === undefined) throw error;
    stream.end(relay.failure(calls.faultOf(error, request)));
  } finally {
    clearTimeout(silence);
  }
}
