import { defineFaults } from '@edda/faults';

/** Why Eikthyrnir refuses something. What every service shares is in `commonFaults`. */
export const eikthyrnirFaults = defineFaults('eikthyrnir', {
  OBSERVATION_TOO_OLD: {
    kind: 'invalid',
    meaning: 'Observations of the batch occurred too long ago; none of the batch was taken.',
    remedy: 'Drop the observations named in the violations and send the rest again.',
  },
  OBSERVATION_IN_FUTURE: {
    kind: 'invalid',
    meaning: 'Observations of the batch lie ahead of this service’s clock; none of the batch was taken.',
    remedy: 'Check the sender’s clock; drop or correct the observations named in the violations.',
  },
  CURSOR_EXPIRED: {
    kind: 'precondition',
    meaning: 'The cursor does not belong to this database’s history, for instance after a restore.',
    remedy: 'Watch again without a cursor, with include_snapshot.',
  },
  WATCHER_TOO_SLOW: {
    kind: 'exhausted',
    meaning: 'More providers and models changed than may wait for one watcher.',
    remedy: 'Watch again from the last cursor, read faster, or watch fewer providers.',
  },
});
