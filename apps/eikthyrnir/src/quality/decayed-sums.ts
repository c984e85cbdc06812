/**
 * Running sums of decayed observations, as of one instant: Σw, Σwx, Σw², Σwx².
 * A weight is `ω · 2^(−age / half-life)`, so moving the instant by Δ multiplies Σw, Σwx and Σwx² by `2^(−Δ / half-life)`
 * and Σw² by its square: the sums advance exactly, without the observations they came from.
 */
export type DecayedSums = readonly [w: number, wx: number, ww: number, wxx: number];

/** No observation. */
export const noSums: DecayedSums = [0, 0, 0, 0];

/** What an age of `ageMs` leaves of a weight, `2^(−age / half-life)`. @param halfLifeMs above 0 */
export function decayOf(ageMs: number, halfLifeMs: number): number {
  return 2 ** (-ageMs / halfLifeMs);
}

/** The sums as of an instant whose decay from theirs is `decay`. */
export function advance([w, wx, ww, wxx]: DecayedSums, decay: number): DecayedSums {
  return [w * decay, wx * decay, ww * decay * decay, wxx * decay];
}

/** With an observation of value `x` that weighs `weight` as of the sums' instant. */
export function addSample([w, wx, ww, wxx]: DecayedSums, x: number, weight: number): DecayedSums {
  return [w + weight, wx + weight * x, ww + weight * weight, wxx + weight * x * x];
}

/** Two sets of observations as one; both as of the same instant. */
export function mergeSums(a: DecayedSums, b: DecayedSums): DecayedSums {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
}

/** Weighted mean; undefined when nothing is left to tell. */
export function meanOf([w, wx]: DecayedSums): number | undefined {
  return w > 0 ? wx / w : undefined;
}
