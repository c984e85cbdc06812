import { defineStateMachine } from '@edda/state-machine';

/** A hold is resolved exactly once (domain rules, Pre-authorization). */
export const preAuthMachine = defineStateMachine({
  name: 'preauth',
  initial: 'PENDING',
  transitions: {
    PENDING: { capture: 'CAPTURED', cancel: 'CANCELLED', expire: 'EXPIRED' },
    CAPTURED: {},
    CANCELLED: {},
    EXPIRED: {},
  },
});

export type PreAuthState = 'PENDING' | 'CAPTURED' | 'CANCELLED' | 'EXPIRED';
