import { defineStateMachine, type StateOf } from '@edda/state-machine';

/** A payment method's life; the contract's EXPIRED is a verified one past its expiry. */
export const methodMachine = defineStateMachine({
  name: 'payment-method',
  initial: 'PENDING',
  transitions: {
    PENDING: { verify: 'VERIFIED', fail: 'FAILED', remove: 'REMOVED' },
    VERIFIED: { remove: 'REMOVED' },
    FAILED: { remove: 'REMOVED' },
    REMOVED: {},
  },
});

/** A top-up's life. */
export const topUpMachine = defineStateMachine({
  name: 'top-up',
  initial: 'PENDING',
  transitions: { PENDING: { succeed: 'SUCCEEDED', fail: 'FAILED' }, SUCCEEDED: {}, FAILED: {} },
});

export type MethodState = StateOf<typeof methodMachine>;
export type TopUpState = StateOf<typeof topUpMachine>;
