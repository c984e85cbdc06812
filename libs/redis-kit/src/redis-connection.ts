import { type Clock, type Logger } from '@edda/telemetry';
import { Redis } from 'ioredis';

export interface ConnectionOptions {
  url: string;
  /** Shown by CLIENT LIST. */
  name: string;
  /** A command without an answer after this long is given up, and the connection with it, ms. */
  deadlineMs: number;
  logger: Logger;
  clock: Clock;
  onCommand: (outcome: 'answered' | 'failed' | 'skipped') => void;
}

/** One connection that comes back by itself. */
export interface RedisConnection {
  readonly up: boolean;
  readonly client: Redis;
  /** The answer; undefined when there is none: at once while Redis is away, after the deadline when it is lost now. */
  ask<Answer>(command: (client: Redis) => Promise<Answer>): Promise<Answer | undefined>;
  /** Hears each change; never the same state twice in a row. */
  onChange(listener: (up: boolean) => void): void;
  close(): void;
}

const RETRY_BASE_MS = 50;
/** How long a Redis that came back may go unnoticed, ms. */
const RETRY_MOST_MS = 500;

export function openConnection(options: ConnectionOptions): RedisConnection {
  const { url, name, deadlineMs, logger, onCommand } = options;
  const client = new Redis(url, {
    connectionName: name,
    commandTimeout: deadlineMs,
    connectTimeout: 2 * deadlineMs,
    // Whoever asks while Redis is away gets the answer "away" now, not its own answer later.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // A lost command may have been executed; repeating it could count a request twice.
    autoResendUnfulfilledCommands: false,
    // The bus subscribes anew itself, because its subscribers have to be told.
    autoResubscribe: false,
    enableAutoPipelining: true,
    retryStrategy: (attempt) => Math.min(RETRY_BASE_MS * 2 ** Math.min(attempt, 10), RETRY_MOST_MS),
    disconnectTimeout: deadlineMs,
  });
  const listeners: ((up: boolean) => void)[] = [];
  let up = false;
  const turn = (now: boolean): void => {
    if (up === now) return;
    up = now;
    for (const listener of listeners) listener(now);
  };
  client.on('ready', () => turn(true));
  client.on('close', () => turn(false));
  client.on('end', () => turn(false));
  // Each failed attempt to connect arrives here; the loss itself is logged once by the kit.
  client.on('error', (error: Error) => logger.debug({ reason: error.message, connection: name }, 'Redis connection'));

  return {
    get up() {
      return up;
    },
    client,
    async ask(command) {
      if (!up) {
        onCommand('skipped');
        return undefined;
      }
      try {
        const answer = await command(client);
        onCommand('answered');
        return answer;
      } catch (error) {
        onCommand('failed');
        logger.debug({ err: error, connection: name }, 'a Redis command failed');
        // A server that does not answer in time would make every caller wait: away until it answers again.
        if (isTimeout(error)) {
          turn(false);
          client.disconnect(true);
        }
        return undefined;
      }
    },
    onChange: (listener) => void listeners.push(listener),
    close: () => client.disconnect(),
  };
}

const isTimeout = (error: unknown): boolean => error instanceof Error && error.message === 'Command timed out';
