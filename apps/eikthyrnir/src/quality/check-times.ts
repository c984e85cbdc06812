import { type eikthyrnir } from '@edda/contracts';
import { type FieldViolation } from '@edda/faults';
import { eikthyrnirFaults } from '../faults.ts';
import { timeOf } from './aggregate.ts';

export interface TimeBounds {
  /** Oldest age taken, ms; also how long a repeated id is sure to be recognised. */
  maxAgeMs: number;
  /** Furthest ahead of our clock, ms. */
  maxAheadMs: number;
}

/**
 * Checks when observations occurred; both bounds themselves are still taken.
 * @throws OBSERVATION_TOO_OLD, OBSERVATION_IN_FUTURE naming every item (`observations.3.occurred_at`); none is taken then
 */
export function checkTimes(observations: readonly eikthyrnir.Observation[], now: Date, bounds: TimeBounds): void {
  const tooOld: FieldViolation[] = [];
  const ahead: FieldViolation[] = [];
  observations.forEach((observation, index) => {
    const age = now.getTime() - timeOf(observation);
    const field = `observations.${index}.occurred_at`;
    if (age > bounds.maxAgeMs) tooOld.push({ field, description: `is more than ${bounds.maxAgeMs / 1_000} s ago` });
    if (-age > bounds.maxAheadMs)
      ahead.push({ field, description: `is more than ${bounds.maxAheadMs / 1_000} s ahead` });
  });
  if (tooOld.length > 0) {
    throw eikthyrnirFaults.OBSERVATION_TOO_OLD(`${tooOld.length} of the observations are too old; none was taken.`, {
      violations: tooOld,
    });
  }
  if (ahead.length > 0) {
    throw eikthyrnirFaults.OBSERVATION_IN_FUTURE(`${ahead.length} of the observations lie ahead; none was taken.`, {
      violations: ahead,
    });
  }
}
