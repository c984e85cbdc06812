import { type Bus } from '@edda/redis-kit';
import { type PriceCache } from './price-cache.ts';

const TOPIC = 'prices';

/**
 * The cache, told by other replicas which prices they changed, and telling them. What a lost message leaves stale ends
 * with the cache's life, as it does without any messages.
 */
export function sharePriceChanges(prices: PriceCache, bus: Bus): PriceCache & { stop(): void } {
  const stop = bus.subscribe(TOPIC, {
    onMessage: (providerId) => prices.forget(providerId),
    onSync: () => prices.forgetAll(),
  });
  return {
    ...prices,
    forget(providerId) {
      prices.forget(providerId);
      void bus.publish(TOPIC, providerId);
    },
    stop,
  };
}
