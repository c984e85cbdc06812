import { defineFaults } from '@edda/faults';

/** Why Nornen refuses something. What every service shares is in `commonFaults`. */
export const nornenFaults = defineFaults('nornen', {
  EVENT_SEQUENCE_CONFLICT: {
    kind: 'already-exists',
    meaning: 'An event contradicts one that is stored: same id, or same place in its subject, but other content.',
    remedy: 'Find out why the sender’s outbox tells two stories; the metadata names the event. The rest was stored.',
  },
  CURSOR_INVALID: {
    kind: 'invalid',
    meaning: 'The cursor is none that WatchEvents returned.',
    remedy: 'Send it as it was returned, or none.',
  },
  CURSOR_EXPIRED: {
    kind: 'precondition',
    meaning: 'The cursor does not belong to this history, for instance after a restore.',
    remedy: 'Watch again without a cursor, from the time of the last event that was seen.',
  },
  NO_POLICY_SNAPSHOT: {
    kind: 'precondition',
    meaning: 'No valid version of the policies is loaded.',
    remedy: 'Retry with backoff; an operator finds the reason in the log.',
  },
  SERVICE_UNKNOWN: {
    kind: 'not-found',
    meaning: 'There is no service of this name.',
    remedy: 'Name njordr, heidrun, eikthyrnir or nornen.',
  },
});
