import { randomUUID } from 'node:crypto';
import { checkMessage } from './bounds.ts';
import { type RedisConnection } from './redis-connection.ts';
import { type Bus, type Subscriber } from './redis-kit.ts';

export interface RedisBusDeps {
  /** Sends. */
  commands: RedisConnection;
  /** Hears; a connection of its own. */
  listener: RedisConnection;
  prefix: string;
}

const ORIGIN_LENGTH = 36;

export function createRedisBus({ commands, listener, prefix }: RedisBusDeps): Bus {
  const origin = randomUUID();
  const topics = new Map<string, Set<Subscriber>>();
  const channelOf = (topic: string): string => `${prefix}bus:${topic}`;

  listener.client.on('message', (channel: string, text: string) => {
    if (text.startsWith(origin)) return;
    const message = text.slice(ORIGIN_LENGTH);
    for (const subscriber of topics.get(channel.slice(channelOf('').length)) ?? []) subscriber.onMessage(message);
  });
  // A failure is a lost connection or a deadline, and both end in another attempt when it is back.
  async function listen(topic: string, newcomers: Iterable<Subscriber>): Promise<void> {
    const begun = await listener.ask((client) => client.subscribe(channelOf(topic)));
    if (begun === undefined) return;
    const subscribers = topics.get(topic);
    for (const subscriber of [...newcomers]) if (subscribers?.has(subscriber) === true) subscriber.onSync();
  }
  listener.onChange((up) => {
    if (up) for (const [topic, subscribers] of topics) void listen(topic, subscribers);
  });

  return {
    async publish(topic, message) {
      checkMessage(topic, message);
      return (await commands.ask((client) => client.publish(channelOf(topic), origin + message))) !== undefined;
    },
    subscribe(topic, subscriber) {
      checkMessage(topic, '');
      const subscribers = topics.get(topic) ?? new Set<Subscriber>();
      topics.set(topic, subscribers.add(subscriber));
      if (listener.up) void listen(topic, [subscriber]);
      return () => {
        subscribers.delete(subscriber);
        if (subscribers.size > 0 || topics.get(topic) !== subscribers) return;
        topics.delete(topic);
        void listener.ask((client) => client.unsubscribe(channelOf(topic)));
      };
    },
  };
}
