import { type Clock } from '@edda/telemetry';
import { type RateDecision, type RateLimit } from './redis-kit.ts';
import { type BucketState, covers, decisionOf, levelOf } from './token-bucket.ts';

/** Buckets of one process. */
export interface LocalLimits {
  take(key: string, limit: RateLimit, cost: number): RateDecision;
  /** Gives back what was taken, because it was refused elsewhere. */
  giveBack(key: string, limit: RateLimit, cost: number): void;
}

/** @param maxKeys beyond it the bucket longest untouched is forgotten, and so full again */
export function createLocalLimits({ clock, maxKeys }: { clock: Clock; maxKeys: number }): LocalLimits {
  const buckets = new Map<string, BucketState>();

  function put(key: string, level: number, now: number): void {
    // Taken out and put in again, so that the map stays in order of use.
    buckets.delete(key);
    buckets.set(key, { level, at: now });
    if (buckets.size <= maxKeys) return;
    for (const oldest of buckets.keys()) {
      buckets.delete(oldest);
      return;
    }
  }
  return {
    take(key, limit, cost) {
      const now = clock.now().getTime();
      const level = levelOf(buckets.get(key), limit, now);
      if (!covers(level, cost)) return decisionOf(false, level, limit, cost);
      const left = Math.max(0, level - cost);
      put(key, left, now);
      return decisionOf(true, left, limit, cost);
    },
    giveBack(key, limit, cost) {
      const now = clock.now().getTime();
      const level = levelOf(buckets.get(key), limit, now);
      put(key, Math.min(limit.max, level + cost), now);
    },
  };
}
