import { defineStateMachine, type EventOf, type StateOf } from '@edda/state-machine';

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

/** A top-up's life. A charge given up that the payer confirmed all the same is credited: its money has arrived. */
export const topUpMachine = defineStateMachine({
  name: 'top-up',
  initial: 'PENDING',
  transitions: { PENDING: { succeed: 'SUCCEEDED', fail: 'FAILED' }, SUCCEEDED: {}, FAILED: { arrive: 'SUCCEEDED' } },
});

/** A payout's life. A bank may send back what had arrived. */
export const payoutMachine = defineStateMachine({
  name: 'payout',
  initial: 'PENDING',
  transitions: {
    PENDING: { 'hand-over': 'IN_TRANSIT', pay: 'PAID', fail: 'FAILED' },
    IN_TRANSIT: { pay: 'PAID', fail: 'FAILED' },
    PAID: { bounce: 'FAILED' },
    FAILED: {},
  },
});

export type MethodState = StateOf<typeof methodMachine>;
export type TopUpState = StateOf<typeof topUpMachine>;
export type TopUpEvent = EventOf<typeof topUpMachine>;
export type PayoutState = StateOf<typeof payoutMachine>;
export type PayoutEvent = EventOf<typeof payoutMachine>;
