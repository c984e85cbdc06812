import { type RateDecision, type RateLimit } from './redis-kit.ts';

/** A bucket as it was at an instant. */
export interface BucketState {
  level: number;
  /** Epoch ms. */
  at: number;
}

/** Levels are floating point; less than this is a rounding error. Redis keeps six decimals. */
const EPSILON = 0.000_002;

/** What a bucket holds now; one never seen is full. */
export function levelOf(state: BucketState | undefined, { max, windowMs }: RateLimit, now: number): number {
  if (state === undefined) return max;
  return Math.min(max, state.level + (Math.max(0, now - state.at) * max) / windowMs);
}

export function covers(level: number, cost: number): boolean {
  return level + EPSILON >= cost;
}

/** The answer about a bucket. @param level what is left in it, after taking where it was allowed */
export function decisionOf(allowed: boolean, level: number, limit: RateLimit, cost: number): RateDecision {
  const msPerUnit = limit.windowMs / limit.max;
  const missing = cost > limit.max ? limit.max : cost - level;
  return {
    allowed,
    limit: limit.max,
    remaining: Math.max(0, Math.floor(level + EPSILON)),
    retryAfterMs: allowed ? 0 : Math.max(1, Math.ceil((missing - EPSILON) * msPerUnit)),
    resetMs: Math.max(0, Math.ceil((limit.max - level - EPSILON) * msPerUnit)),
  };
}
