import { type Hold } from './hold.ts';

/**
 * Holds that this process made lately, so that capturing one does not read it first. Holds never change, so one here is
 * as good as one read; whether it is still open is known to the database alone.
 */
export interface HoldCache {
  get(holdId: string): Hold | undefined;
  remember(hold: Hold): void;
  forget(holdId: string): void;
}

/** @param maxHolds the oldest goes when there would be more */
export function createHoldCache(maxHolds = 5_000): HoldCache {
  const holds = new Map<string, Hold>();
  return {
    get: (holdId) => holds.get(holdId),
    remember(hold) {
      holds.set(hold.id, hold);
      if (holds.size <= maxHolds) return;
      for (const oldest of holds.keys()) {
        holds.delete(oldest);
        break;
      }
    },
    forget: (holdId) => void holds.delete(holdId),
  };
}
