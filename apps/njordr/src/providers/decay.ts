/**
 * Counts that fade by half every half-life, kept relative to one landmark in time: adding grows the weight of newer
 * events instead of shrinking older ones, so reading any number of counts needs a single factor.
 */
export interface DecayScale {
  /** What one event at this time (epoch ms) adds to a raw count. */
  weightAt(now: number): number;
  /** Turns raw counts into present ones. */
  factorAt(now: number): number;
  /** When weights grow too large: moves the landmark. @returns what every raw count has to be multiplied by, or 1 */
  rebase(now: number): number;
}

/** Far from where a double would lose precision (2^1023). */
const MOST_HALF_LIVES = 500;

export function createDecayScale(halfLifeMs: () => number, start: number): DecayScale {
  let landmark = start;
  const halfLives = (now: number) => (now - landmark) / halfLifeMs();
  return {
    weightAt: (now) => 2 ** Math.min(halfLives(now), MOST_HALF_LIVES * 2),
    factorAt: (now) => 2 ** -halfLives(now),
    rebase(now) {
      if (halfLives(now) < MOST_HALF_LIVES) return 1;
      const factor = 2 ** -halfLives(now);
      landmark = now;
      return factor;
    },
  };
}
