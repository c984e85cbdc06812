/** A bounded map of values that expire; when full, the least recently used one goes. */
export interface ExpiringCache<Value> {
  get(key: string, nowMs: number): Value | undefined;
  set(key: string, value: Value, expiresAtMs: number): void;
  clear(): void;
  readonly size: number;
}

/** @param maxEntries at least 1 */
export function createExpiringCache<Value>(maxEntries: number): ExpiringCache<Value> {
  // A Map iterates in insertion order, so re-inserting on use keeps the least recently used entry first.
  const entries = new Map<string, { value: Value; expiresAtMs: number }>();
  return {
    get(key, nowMs) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.expiresAtMs <= nowMs) return undefined;
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, expiresAtMs) {
      entries.delete(key);
      entries.set(key, { value, expiresAtMs });
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value ?? key);
    },
    clear: () => entries.clear(),
    get size() {
      return entries.size;
    },
  };
}
