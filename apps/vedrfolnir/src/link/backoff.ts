export interface BackoffOptions {
  /** First wait, milliseconds, before jitter. */
  baseMs: number;
  /** Longest wait, milliseconds. */
  maxMs: number;
  /** In [0, 1). */
  random: () => number;
}

export interface Backoff {
  /** The next wait, milliseconds: base × 2^n, capped, of which a random half is taken off. */
  next(): number;
  reset(): void;
}

/** Jitter over half the wait keeps a market that comes back from meeting all its agents at once. */
export function createBackoff({ baseMs, maxMs, random }: BackoffOptions): Backoff {
  let attempt = 0;
  return {
    next() {
      const wait = Math.min(maxMs, baseMs * 2 ** Math.min(attempt++, 30));
      return Math.round(wait * (0.5 + random() / 2));
    },
    reset() {
      attempt = 0;
    },
  };
}
