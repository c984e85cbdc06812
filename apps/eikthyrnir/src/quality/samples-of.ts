import { eikthyrnir } from '@edda/contracts';
import { answerScore } from './answer-score.ts';

/** The dimensions kept per provider and model, in the order they are stored. */
export const dimensions = [
  'responseQuality',
  'reliability',
  'availability',
  'ttftMs',
  'tokensPerSecond',
  'meteringDeviation',
] as const;

export type Dimension = (typeof dimensions)[number];

/** One value of one dimension; weighs 1 when fresh unless it says otherwise. */
export interface Sample {
  dimension: Dimension;
  value: number;
  weight: number;
}

const { SUCCESS, PROVIDER_FAULT, TRANSIENT, NO_CAPACITY, CANCELLED, ONLINE, OFFLINE } = eikthyrnir.ObservationOutcome;

/** What each outcome tells by itself. Full (NO_CAPACITY) means up, and is no failure; a fault says nothing of uptime. */
const told: Partial<Record<eikthyrnir.ObservationOutcome, readonly Sample[]>> = {
  [SUCCESS]: [sample('reliability', 1), sample('availability', 1)],
  [PROVIDER_FAULT]: [sample('reliability', 0)],
  [TRANSIENT]: [sample('reliability', 0, 0.5)],
  [NO_CAPACITY]: [sample('availability', 1)],
  [ONLINE]: [sample('availability', 1)],
  [OFFLINE]: [sample('availability', 0)],
};

/**
 * What one observation tells about the provider. Only the provider's own faults count against its reliability, a
 * transient one half; the requester's (CANCELLED, BAD_REQUEST) and a full house never do. Latency is told by every
 * attempt that produced a token, CANCELLED included; the answer's quality by answers and by what a failure left.
 */
export function samplesOf(observation: eikthyrnir.Observation): Sample[] {
  const samples = [...(told[observation.outcome] ?? [])];
  const { outcome, checks } = observation;
  const answered = outcome === SUCCESS || outcome === PROVIDER_FAULT || outcome === TRANSIENT;
  if (answered || outcome === CANCELLED) {
    if (observation.ttftMs !== undefined) samples.push(sample('ttftMs', observation.ttftMs));
    // A speed that cannot be is a finding against the answer, not a measurement.
    if (observation.tokensPerSecondMilli !== undefined && checks?.impossibleSpeed !== true) {
      samples.push(sample('tokensPerSecond', Number(observation.tokensPerSecondMilli) / 1_000));
    }
  }
  if (answered && checks !== undefined) {
    samples.push(sample('responseQuality', answerScore(checks)));
    if (checks.meteringDeviationBps !== undefined) {
      samples.push(sample('meteringDeviation', Math.abs(checks.meteringDeviationBps)));
    }
  }
  return samples;
}

function sample(dimension: Dimension, value: number, weight = 1): Sample {
  return { dimension, value, weight };
}
