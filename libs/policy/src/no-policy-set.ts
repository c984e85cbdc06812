import { type PolicySet } from './policy.ts';

/** Stands in until the first snapshot arrives: everything is denied with NO_POLICY_SNAPSHOT. */
export const noPolicySet: PolicySet = Object.freeze({
  version: '',
  size: 0,
  evaluate: () =>
    ({ outcome: 'deny', reason: 'NO_POLICY_SNAPSHOT: no policies were received yet', version: '' }) as const,
});
