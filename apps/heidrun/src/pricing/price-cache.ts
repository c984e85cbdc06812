import { type Clock } from '@edda/telemetry';
import { type StoredPrice } from './stored-price.ts';

export interface PriceCacheOptions {
  load: (providerId: string, model: string) => Promise<StoredPrice | undefined>;
  clock: Clock;
  /** How long a price may be served after it was read: how late another replica's change is seen. */
  ttlMs: () => number;
  /** Most prices kept; beyond it the oldest entries go. 100,000 by default. */
  maxEntries?: number;
}

/** The prices in force by provider and model, in memory. */
export interface PriceCache {
  /** Without a promise where the price is known, so that pricing a known model allocates nothing for waiting. */
  peek(providerId: string, model: string): StoredPrice | undefined;
  /** From memory or the database; concurrent readers of one price share one query. */
  get(providerId: string, model: string): Promise<StoredPrice | undefined>;
  /** Forgets a provider's prices, because this process just changed one. */
  forget(providerId: string): void;
  /** Forgets every price: changes may have been missed. */
  forgetAll(): void;
}

interface Entry {
  stored: StoredPrice;
  /** From here on the price is read again beside the calls, so that a busy model never waits for the database. */
  refreshFrom: number;
  until: number;
}

/** Misses are not remembered: a provider that registers is priced at once. */
export function createPriceCache(options: PriceCacheOptions): PriceCache {
  const { load, clock, ttlMs, maxEntries = 100_000 } = options;
  // By provider, then model: forgetting a provider is one delete, and no key has to be built for a look-up.
  const byProvider = new Map<string, Map<string, Entry>>();
  const loading = new Map<string, Promise<StoredPrice | undefined>>();
  let entries = 0;
  let generation = 0;

  const forget = (providerId: string): void => {
    entries -= byProvider.get(providerId)?.size ?? 0;
    byProvider.delete(providerId);
    generation += 1;
  };
  const keep = (providerId: string, model: string, stored: StoredPrice): void => {
    let models = byProvider.get(providerId);
    if (models === undefined) byProvider.set(providerId, (models = new Map<string, Entry>()));
    if (!models.has(model)) entries += 1;
    const now = clock.now().getTime();
    models.set(model, { stored, refreshFrom: now + ttlMs() / 2, until: now + ttlMs() });
    for (const oldest of byProvider.keys()) {
      if (entries <= maxEntries) break;
      forget(oldest);
    }
  };
  const peek = (providerId: string, model: string): StoredPrice | undefined => {
    const entry = byProvider.get(providerId)?.get(model);
    const now = clock.now().getTime();
    if (entry === undefined || now >= entry.until) return undefined;
    if (now >= entry.refreshFrom) {
      entry.refreshFrom = entry.until;
      // Should it fail, the entry ends at its time and the next caller hears why.
      void fresh(providerId, model).catch(() => undefined);
    }
    return entry.stored;
  };
  const read = async (providerId: string, model: string, key: string) => {
    const begun = generation;
    try {
      const stored = await load(providerId, model);
      // A price set while this one was read must not be covered by the older one.
      if (stored !== undefined && begun === generation) keep(providerId, model, stored);
      return stored;
    } finally {
      loading.delete(key);
    }
  };
  const fresh = (providerId: string, model: string): Promise<StoredPrice | undefined> => {
    const key = JSON.stringify([providerId, model]);
    const running = loading.get(key);
    if (running !== undefined) return running;
    const reading = read(providerId, model, key);
    loading.set(key, reading);
    return reading;
  };
  return {
    peek,
    forget(providerId) {
      forget(providerId);
      loading.clear();
    },
    forgetAll() {
      byProvider.clear();
      loading.clear();
      entries = 0;
      generation += 1;
    },
    async get(providerId, model) {
      const known = peek(providerId, model);
      if (known !== undefined) return known;
      return fresh(providerId, model);
    },
  };
}
