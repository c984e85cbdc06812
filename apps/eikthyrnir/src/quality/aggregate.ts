import { eikthyrnir } from '@edda/contracts';
import { addSample, advance, decayOf, type DecayedSums, noSums } from './decayed-sums.ts';
import { type FailureStreak, noStreak, withFailure, withSuccess } from './failure-streak.ts';
import { type Dimension, dimensions, samplesOf } from './samples-of.ts';

/** Everything remembered of a provider and model, or (model '') of a provider's presence. Times in ms since 1970. */
export interface Aggregate {
  /** The instant the sums stand at: the latest observation's time; undefined before the first. */
  asOf: number | undefined;
  sums: Readonly<Record<Dimension, DecayedSums>>;
  streak: FailureStreak;
  /** The latest sample of presence. */
  presence: { at: number; online: boolean } | undefined;
}

const { SUCCESS, PROVIDER_FAULT, TRANSIENT, ONLINE, OFFLINE } = eikthyrnir.ObservationOutcome;

export const emptyAggregate: Aggregate = {
  asOf: undefined,
  sums: mapSums(() => noSums),
  streak: noStreak,
  presence: undefined,
};

/** The same with every dimension's sums replaced. */
export function mapSums(fn: (dimension: Dimension) => DecayedSums): Record<Dimension, DecayedSums> {
  return Object.fromEntries(dimensions.map((dimension) => [dimension, fn(dimension)])) as Record<
    Dimension,
    DecayedSums
  >;
}

/**
 * Takes one observation in. The result does not depend on the order of arrival (but for the last bits of a floating
 * point sum): a newer one moves the sums to its time first, an older one enters with the weight its age leaves it.
 */
export function observe(aggregate: Aggregate, observation: eikthyrnir.Observation, halfLifeMs: number): Aggregate {
  const at = timeOf(observation);
  const asOf = Math.max(aggregate.asOf ?? at, at);
  const sums = sumsAt(aggregate, asOf, halfLifeMs);
  const decay = decayOf(asOf - at, halfLifeMs);
  for (const { dimension, value, weight } of samplesOf(observation)) {
    sums[dimension] = addSample(sums[dimension], value, weight * decay);
  }
  return {
    asOf,
    sums,
    streak: streakAfter(aggregate.streak, observation.outcome, at),
    presence: presenceAfter(aggregate.presence, observation.outcome, at),
  };
}

/** The sums as of `at`, but never before the latest observation. */
export function sumsAt(aggregate: Aggregate, at: number, halfLifeMs: number): Record<Dimension, DecayedSums> {
  const asOf = aggregate.asOf ?? at;
  const decay = decayOf(Math.max(0, at - asOf), halfLifeMs);
  return mapSums((dimension) => advance(aggregate.sums[dimension], decay));
}

/** An observation's time, ms since 1970; checked to be there where observations come in. */
export function timeOf(observation: eikthyrnir.Observation): number {
  if (observation.occurredAt === undefined) throw new TypeError('an observation without occurred_at');
  return observation.occurredAt.getTime();
}

function streakAfter(streak: FailureStreak, outcome: eikthyrnir.ObservationOutcome, at: number): FailureStreak {
  if (outcome === SUCCESS) return withSuccess(streak, at);
  return outcome === PROVIDER_FAULT || outcome === TRANSIENT ? withFailure(streak, at) : streak;
}

function presenceAfter(
  presence: Aggregate['presence'],
  outcome: eikthyrnir.ObservationOutcome,
  at: number,
): Aggregate['presence'] {
  if (outcome !== ONLINE && outcome !== OFFLINE) return presence;
  const online = outcome === ONLINE;
  if (presence === undefined || at > presence.at) return { at, online };
  // Two samples of one instant: offline stands, whichever came first.
  return at === presence.at && !online ? { at, online } : presence;
}
