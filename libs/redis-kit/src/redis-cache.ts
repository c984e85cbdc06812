import { checkEntry, checkKey } from './bounds.ts';
import { type RedisConnection } from './redis-connection.ts';
import { type SharedCache } from './redis-kit.ts';

export function createRedisCache(connection: RedisConnection, prefix: string): SharedCache {
  const nameOf = (key: string): string => `${prefix}cache:${key}`;
  return {
    async get(key) {
      checkKey(key);
      return (await connection.ask((client) => client.get(nameOf(key)))) ?? undefined;
    },
    async set(key, value, ttlMs) {
      checkEntry(key, value, ttlMs);
      await connection.ask((client) => client.set(nameOf(key), value, 'PX', Math.ceil(ttlMs)));
    },
    async setIfAbsent(key, value, ttlMs) {
      checkEntry(key, value, ttlMs);
      const before = await connection.ask((client) =>
        client.set(nameOf(key), value, 'PX', Math.ceil(ttlMs), 'NX', 'GET'),
      );
      return before === undefined ? undefined : (before ?? value);
    },
    async delete(key) {
      checkKey(key);
      await connection.ask((client) => client.del(nameOf(key)));
    },
  };
}
