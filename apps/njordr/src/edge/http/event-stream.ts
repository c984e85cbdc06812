import { type FastifyReply } from 'fastify';

/** A server-sent event stream to one client. */
export interface EventStream {
  /** Resolves once the client's window has room again, or the stream is over. */
  send(text: string): Promise<void>;
  /** Ends the stream, with a last text; a client that does not read is cut off instead of waited for. */
  end(text?: string): void;
}

/**
 * Answers with an event stream; the headers go out now. A client that reads slowly slows `send` down, so that nothing
 * piles up here; a silent stream carries a comment now and then, which readers skip.
 * @param signal the call's; ends a wait for a client that does not read
 */
export function openEventStream(reply: FastifyReply, signal: AbortSignal, keepAliveMs: number): EventStream {
  const { raw } = reply;
  reply.hijack();
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  raw.flushHeaders();
  const keepAlive = setInterval(() => {
    if (!raw.writableNeedDrain && !raw.writableEnded) raw.write(': keep-alive\n\n');
  }, keepAliveMs);
  raw.once('close', () => clearInterval(keepAlive));
  return {
    async send(text) {
      if (raw.destroyed || signal.aborted || raw.write(text)) return;
      await new Promise<void>((resolve) => {
        const done = () => {
          raw.off('drain', done);
          raw.off('close', done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        raw.once('drain', done);
        raw.once('close', done);
        signal.addEventListener('abort', done);
      });
    },
    end(text) {
      clearInterval(keepAlive);
      if (raw.writableNeedDrain && signal.aborted) raw.destroy();
      else raw.end(text);
    },
  };
}

/** One event with JSON data. @param name left out for unnamed events */
export function eventText(data: unknown, name?: string): string {
  const line = typeof data === 'string' ? data : JSON.stringify(data);
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${line}\n\n`;
}
