import { type Clock, type Logger, type Metrics, systemClock } from '@edda/telemetry';
import { createLocalLimits } from './local-limits.ts';
import { createRedisBus } from './redis-bus.ts';
import { createRedisCache } from './redis-cache.ts';
import { type ConnectionOptions, openConnection, type RedisConnection } from './redis-connection.ts';
import { type RedisKit } from './redis-kit.ts';
import { createRedisLimits } from './redis-limits.ts';

export interface RedisKitOptions {
  /** `redis://host:port` or `rediss://…`, with user, password and database number where needed. */
  url: string;
  /** The service's name; its replicas share what other services do not see. */
  name: string;
  logger: Logger;
  metrics: Metrics;
  clock?: Clock;
  /** Time for a command, ms; 250. A slower answer counts as a loss. */
  deadlineMs?: number;
  /** How often a quiet connection is tried, ms; 400. With the deadline, how late a silent loss is noticed. */
  heartbeatMs?: number;
  /** Callers whose limits are counted in this process while Redis is away; 100,000. */
  maxLocalKeys?: number;
}

/** The kit over a Redis. It opens whether or not Redis answers, and goes on without it whenever it does not. */
export async function createRedisKit(options: RedisKitOptions): Promise<RedisKit> {
  const { url, name, logger, clock = systemClock, deadlineMs = 250, heartbeatMs = 400 } = options;
  const prefix = `edda:${name}:`;
  const onCommand = commandCounter(options.metrics);
  const open = (use: string): RedisConnection =>
    openConnection({
      ...{ url, deadlineMs, logger, clock, onCommand },
      name: `${name}-${use}`,
    } satisfies ConnectionOptions);
  const commands = open('commands');
  const listener = open('bus');
  const state = watchState([commands, listener], options);
  const heartbeat = setInterval(() => {
    // A connection that only listens would not notice that nobody speaks any more.
    for (const connection of [commands, listener]) {
      if (connection.up) void connection.ask((client) => client.ping());
    }
  }, heartbeatMs).unref();
  await state.settled(4 * deadlineMs);
  return {
    shared: true,
    get up() {
      return state.up();
    },
    cache: createRedisCache(commands, prefix),
    limits: createRedisLimits(commands, prefix, createLocalLimits({ clock, maxKeys: options.maxLocalKeys ?? 100_000 })),
    bus: createRedisBus({ commands, listener, prefix }),
    onChange: (changed) => state.onChange(changed),
    async close() {
      clearInterval(heartbeat);
      state.close();
      for (const connection of [commands, listener]) connection.close();
    },
  };
}

function commandCounter(metrics: Metrics): ConnectionOptions['onCommand'] {
  const counter = metrics.counter({
    name: 'edda_redis_commands_total',
    help: 'Redis commands by outcome; skipped ones were not sent because Redis was away.',
    labelNames: ['outcome'],
  });
  return (outcome) => counter.inc({ outcome });
}

/** Up while every connection is; says each loss and each return once. */
function watchState(connections: readonly RedisConnection[], { logger, metrics }: RedisKitOptions) {
  const listeners = new Set<(up: boolean) => void>();
  const losses = metrics.counter({ name: 'edda_redis_losses_total', help: 'How often Redis was lost.' });
  const isUp = (): boolean => connections.every(({ up }) => up);
  metrics.gauge({
    name: 'edda_redis_up',
    help: 'Whether Redis answers: 1, or 0 while the service goes on without it.',
    collect: (gauge) => gauge.set(isUp() ? 1 : 0),
  });
  const first = Promise.withResolvers<void>();
  let up = false;
  let closed = false;
  const look = (): void => {
    if (closed || up === isUp()) return;
    up = !up;
    if (up) logger.info('Redis answers; caches, limits and messages are shared between replicas');
    else {
      losses.inc();
      logger.warn('Redis is lost; going on without it: caches miss, limits hold per replica, changes arrive later');
    }
    first.resolve();
    for (const listener of listeners) listener(up);
  };
  for (const connection of connections) connection.onChange(look);
  return {
    up: () => up,
    onChange(listener: (up: boolean) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** Waits for the first connection, at most `ms`. */
    async settled(ms: number): Promise<void> {
      const timer = setTimeout(first.resolve, ms);
      await first.promise;
      clearTimeout(timer);
      if (!up) logger.warn('Redis does not answer; starting without it: caches miss, limits hold per replica');
    },
    close() {
      closed = true;
    },
  };
}
