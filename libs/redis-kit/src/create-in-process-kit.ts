import { type Clock, systemClock } from '@edda/telemetry';
import { checkKey, checkMessage, checkTake } from './bounds.ts';
import { createLocalCache } from './local-cache.ts';
import { createLocalLimits, type LocalLimits } from './local-limits.ts';
import { type Bus, type RedisKit, type SharedCache, type Subscriber } from './redis-kit.ts';

export interface InProcessServer {
  readonly cache: SharedCache;
  readonly limits: LocalLimits;
  readonly buses: Set<Map<string, Set<Subscriber>>>;
}

const MAX_ENTRIES = 100_000;

/** What kits in one process share, as replicas share a Redis. */
export function createInProcessServer(clock: Clock = systemClock, maxEntries = MAX_ENTRIES): InProcessServer {
  return {
    cache: createLocalCache({ clock, maxEntries }),
    limits: createLocalLimits({ clock, maxKeys: maxEntries }),
    buses: new Set(),
  };
}

/** The twin of the Redis kit for a single process: nothing to install, nothing to lose. */
export function createInProcessKit({ server = createInProcessServer() }: { server?: InProcessServer } = {}): RedisKit {
  const topics = new Map<string, Set<Subscriber>>();
  server.buses.add(topics);
  return {
    shared: false,
    up: true,
    cache: server.cache,
    limits: {
      async take(key, limit, cost = 1) {
        checkKey(key);
        checkTake(limit, cost);
        return server.limits.take(key, limit, cost);
      },
    },
    bus: createLocalBus(server, topics),
    onChange: () => () => undefined,
    async close() {
      server.buses.delete(topics);
      topics.clear();
    },
  };
}

function createLocalBus(server: InProcessServer, own: Map<string, Set<Subscriber>>): Bus {
  return {
    async publish(topic, message) {
      checkMessage(topic, message);
      for (const others of server.buses) {
        if (others === own) continue;
        for (const subscriber of others.get(topic) ?? []) subscriber.onMessage(message);
      }
      return true;
    },
    subscribe(topic, subscriber) {
      checkMessage(topic, '');
      const subscribers = own.get(topic) ?? new Set<Subscriber>();
      own.set(topic, subscribers.add(subscriber));
      queueMicrotask(() => {
        if (own.get(topic)?.has(subscriber) === true) subscriber.onSync();
      });
      return () => {
        subscribers.delete(subscriber);
        if (subscribers.size === 0 && own.get(topic) === subscribers) own.delete(topic);
      };
    },
  };
}
