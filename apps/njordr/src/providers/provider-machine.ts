import { defineStateMachine, type EventOf, type StateOf } from '@edda/state-machine';

/** A provider's life. INACTIVE is the owner's doing, SUSPENDED an operator's. */
export const providerMachine = defineStateMachine({
  name: 'provider',
  initial: 'PENDING',
  transitions: {
    PENDING: { approve: 'APPROVED', reject: 'REJECTED', suspend: 'SUSPENDED', unregister: 'UNREGISTERED' },
    REJECTED: { resubmit: 'PENDING', suspend: 'SUSPENDED', unregister: 'UNREGISTERED' },
    APPROVED: { activate: 'ACTIVE', suspend: 'SUSPENDED', unregister: 'UNREGISTERED' },
    ACTIVE: { deactivate: 'INACTIVE', suspend: 'SUSPENDED', unregister: 'UNREGISTERED' },
    INACTIVE: { activate: 'ACTIVE', suspend: 'SUSPENDED', unregister: 'UNREGISTERED' },
    SUSPENDED: { reinstate: 'ACTIVE', unregister: 'UNREGISTERED' },
    UNREGISTERED: {},
  },
});

export type ProviderState = StateOf<typeof providerMachine>;
export type ProviderEvent = EventOf<typeof providerMachine>;
