/** What is to be sent on a stream, in order. */
export interface Outgoing<Message> extends AsyncIterable<Message> {
  push(message: Message): void;
  finish(): void;
}

export function createOutgoing<Message>(): Outgoing<Message> {
  const waiting: Message[] = [];
  let finished = false;
  let wake = Promise.withResolvers<void>();
  return {
    push(message) {
      waiting.push(message);
      wake.resolve();
    },
    finish() {
      finished = true;
      wake.resolve();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield next;
        if (finished) return;
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    },
  };
}
