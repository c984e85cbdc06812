import { type Aggregate, sumsAt } from './aggregate.ts';
import { meanOf, mergeSums } from './decayed-sums.ts';
import { estimate, type Estimate } from './estimate.ts';

/** How observations are weighed; from the settings. */
export interface Weighing {
  /** Above 0. */
  halfLifeMs: number;
  /** Neutral observations every figure starts with; above 0. */
  priorCount: number;
}

/** What is published of a provider and model. */
export interface Figures {
  responseQuality: Estimate;
  reliability: Estimate;
  availability: Estimate;
  ttftMeanMs: number | undefined;
  tokensPerSecond: number | undefined;
  meteringDeviationBps: number;
  /** Decayed weight of the attempts that show whether the provider answers; presence and cancellations aside. */
  effectiveCount: number;
  failureStreak: number;
}

/**
 * The figures at an instant (ms since 1970), or at the latest observation if that is later.
 * @param presence the provider's own aggregate: its samples of presence count for each of its models
 */
export function figuresAt(aggregate: Aggregate, presence: Aggregate, at: number, weighing: Weighing): Figures {
  const { halfLifeMs, priorCount } = weighing;
  const instant = Math.max(at, aggregate.asOf ?? at, presence.asOf ?? at);
  const sums = sumsAt(aggregate, instant, halfLifeMs);
  const present = sumsAt(presence, instant, halfLifeMs).availability;
  return {
    responseQuality: estimate(sums.responseQuality, priorCount),
    reliability: estimate(sums.reliability, priorCount),
    availability: estimate(mergeSums(sums.availability, present), priorCount),
    ttftMeanMs: meanOf(sums.ttftMs),
    tokensPerSecond: meanOf(sums.tokensPerSecond),
    meteringDeviationBps: meanOf(sums.meteringDeviation) ?? 0,
    effectiveCount: sums.reliability[0],
    failureStreak: aggregate.streak.failures.length,
  };
}
