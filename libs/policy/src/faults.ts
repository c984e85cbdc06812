import { defineFaults } from '@edda/faults';

/** What can be wrong with policies. */
export const policyFaults = defineFaults('', {
  POLICY_INVALID: {
    kind: 'invalid',
    meaning: 'A policy’s rule does not parse, does not fit its facts, is not a condition, or exceeds a limit.',
    remedy: 'Correct the policies named in the violations; the facts a rule may use are in the documentation.',
  },
});
