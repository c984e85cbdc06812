import { setTimeout as sleep } from 'node:timers/promises';
import { runDetached } from '@edda/grpc-kit';
import { type Logger } from '@edda/telemetry';

/** Something received over a stream that is opened again whenever it ends. */
export interface Feed {
  start(): void;
  /** Whether a message has been received since the present connection began. */
  connected(): boolean;
  close(): Promise<void>;
}

export interface FeedOptions<Message> {
  name: string;
  logger: Logger;
  connect(signal: AbortSignal): AsyncIterable<Message>;
  take(message: Message): void | Promise<void>;
  /** First and longest wait, ms, doubling; half of it is jitter. */
  backoff?: { baseMs: number; capMs: number };
  random?: () => number;
}

export function createReconnectingFeed<Message>(options: FeedOptions<Message>): Feed {
  const { name, logger, backoff = { baseMs: 100, capMs: 10_000 }, random = Math.random } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let connected = false;
  let running: Promise<void> | undefined;

  const follow = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        for await (const message of options.connect(signal)) {
          await options.take(message);
          connected = true;
          failures = 0;
        }
      } catch (error) {
        if (!signal.aborted) logger.warn({ err: error, feed: name }, 'feed lost; connecting again');
      }
      connected = false;
      const waitMs = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(failures, 20)) * (0.5 + random() / 2);
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  };
  return {
    start: () => void (running ??= runDetached(follow)),
    connected: () => connected,
    async close() {
      stopping.abort();
      await running;
    },
  };
}
