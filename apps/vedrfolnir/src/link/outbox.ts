/** Messages on their way out, in order; read by the transport as fast as the other side takes them. */
export interface Outbox<Message> extends AsyncIterable<Message> {
  /** Queues a message that must not wait: signs of life, answers to a job's fate. Their number is bounded by the jobs. */
  post(message: Message): void;
  /** Queues a message and resolves once the transport took it, the outbox closed, or the signal aborted. */
  send(message: Message, signal: AbortSignal): Promise<void>;
  /** Ends the iteration after what is queued. */
  close(): void;
}

/** One reader at most: the transport. */
export function createOutbox<Message>(): Outbox<Message> {
  const queue: { message: Message; taken?: () => void }[] = [];
  let wake: (() => void) | undefined;
  let closed = false;

  const add = (entry: { message: Message; taken?: () => void }) => {
    queue.push(entry);
    wake?.();
  };
  return {
    post(message) {
      if (!closed) add({ message });
    },
    send(message, signal) {
      if (closed || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        signal.addEventListener('abort', done, { once: true });
        add({ message, taken: done });
        function done() {
          signal.removeEventListener('abort', done);
          resolve();
        }
      });
    },
    close() {
      closed = true;
      wake?.();
    },
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          const next = queue.shift();
          if (next) {
            yield next.message;
            next.taken?.();
          } else if (closed) {
            return;
          } else {
            await new Promise<void>((resolve) => (wake = resolve));
          }
        }
      } finally {
        closed = true;
        for (const entry of queue.splice(0)) entry.taken?.();
      }
    },
  };
}
