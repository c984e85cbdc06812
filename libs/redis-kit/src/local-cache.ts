import { type Clock } from '@edda/telemetry';
import { checkEntry, checkKey } from './bounds.ts';
import { type SharedCache } from './redis-kit.ts';

/** Values of one process. @param maxEntries beyond it the oldest go */
export function createLocalCache({ clock, maxEntries }: { clock: Clock; maxEntries: number }): SharedCache {
  const entries = new Map<string, { value: string; until: number }>();

  function read(key: string): string | undefined {
    checkKey(key);
    const entry = entries.get(key);
    if (entry === undefined || entry.until > clock.now().getTime()) return entry?.value;
    entries.delete(key);
    return undefined;
  }
  function write(key: string, value: string, ttlMs: number): void {
    checkEntry(key, value, ttlMs);
    entries.delete(key);
    entries.set(key, { value, until: clock.now().getTime() + ttlMs });
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries) return;
      entries.delete(oldest);
    }
  }
  return {
    get: async (key) => read(key),
    set: async (key, value, ttlMs) => write(key, value, ttlMs),
    async setIfAbsent(key, value, ttlMs) {
      const known = read(key);
      if (known === undefined) write(key, value, ttlMs);
      return known ?? value;
    },
    async delete(key) {
      checkKey(key);
      entries.delete(key);
    },
  };
}
