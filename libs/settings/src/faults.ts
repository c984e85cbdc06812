import { defineFaults } from '@edda/faults';

/** What can be wrong with a configuration. */
export const settingsFaults = defineFaults('', {
  SETTINGS_INVALID: {
    kind: 'invalid',
    meaning: 'The settings file or an override has a wrong, unknown or contradictory value.',
    remedy: 'Correct the fields named in the violations; the service’s README lists every setting.',
  },
  SECRET_MISSING: {
    kind: 'precondition',
    meaning: 'A required secret is not in the environment.',
    remedy: 'Set the environment variables named in the violations and start again.',
  },
});
