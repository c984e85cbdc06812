import { type DecayedSums } from './decayed-sums.ts';

/** A figure from 0 to 1 with its uncertainty. */
export interface Estimate {
  mean: number;
  /** Mean less one standard error, not below 0. */
  lowerBound: number;
}

/** Half of a neutral observation says 0, half says 1: mean 0.5 at the largest possible variance. */
const neutral = 0.5;

/**
 * Mean and lower bound of a figure whose values lie in [0, 1], with a prior of `priorCount` neutral observations of
 * weight 1 that never age.
 *
 * With the prior added to the sums: m = Σwx / Σw, variance s² = Σwx² / Σw − m², effective number of observations
 * n = (Σw)² / Σw² (L. Kish, Survey Sampling, Wiley 1965, § 11.7), standard error √(s² / n), lower bound m − √(s² / n).
 * A neutral observation is half a success and half a failure, the pseudo-counts of a Beta(k/2, k/2) prior, so that
 * a newcomer's bound is honest about knowing nothing: 0.5 − √(0.25 / 5) = 0.276 for a prior of 5.
 * @param priorCount above 0
 */
export function estimate([w, wx, ww, wxx]: DecayedSums, priorCount: number): Estimate {
  const total = w + priorCount;
  const mean = (wx + priorCount * neutral) / total;
  const variance = Math.max(0, (wxx + priorCount * neutral) / total - mean * mean);
  const effective = (total * total) / (ww + priorCount);
  const lowerBound = mean - Math.sqrt(variance / effective);
  return { mean: clamp(mean), lowerBound: clamp(lowerBound) };
}

/** Rounding may leave a mean of ones a hair above 1. */
function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
