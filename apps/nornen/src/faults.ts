import { defineFaults } from '@edda/faults';

/** Why Nornen refuses something. What every service shares is in `commonFaults`. */
export const nornenFaults = defineFaults('nornen', {
  EVENT_SEQUENCE_CONFLICT: {
    kind: 'already-exists',
    meaning: 'An event contradicts one that is stored: same id, or same place in its subject, but other content.',
    remedy: 'Find out why the sender’s outbox tells two stories; the metadata names the event. The rest was stored.',
  },
  NO_POLICY_SNAPSHOT: {
    kind: 'precondition',
    meaning: 'No valid version of the policies is loaded.',
    remedy: 'Retry with backoff; an operator finds the reason in the log.',
  },
});
