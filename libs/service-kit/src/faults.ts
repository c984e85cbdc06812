import { defineFaults } from '@edda/faults';

/** What can keep a service from starting, beside its settings and its database. */
export const serviceKitFaults = defineFaults('', {
  SECOND_REPLICA_NEEDS_REDIS: {
    kind: 'precondition',
    meaning: 'Another replica of this service uses the same database, and at least one of the two runs without Redis.',
    remedy: 'Set REDIS_URL to the same Redis for every replica and start them again, or run one replica only.',
  },
});
