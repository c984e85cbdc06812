import { defineStateMachine, type EventOf, type StateOf } from '@edda/state-machine';

/**
 * The life of a transaction. Whatever captures money ends COMPLETED; FAILED and CANCELLED mean that nothing was
 * captured; REFUNDED that all of it was given back.
 */
export const transactionMachine = defineStateMachine({
  name: 'transaction',
  initial: 'PENDING',
  transitions: {
    PENDING: { start: 'PROCESSING', complete: 'COMPLETED', fail: 'FAILED', cancel: 'CANCELLED' },
    PROCESSING: { complete: 'COMPLETED', fail: 'FAILED', cancel: 'CANCELLED' },
    COMPLETED: { refund: 'REFUNDED' },
    FAILED: {},
    CANCELLED: {},
    REFUNDED: {},
  },
});

export type TransactionState = StateOf<typeof transactionMachine>;
export type TransactionEvent = EventOf<typeof transactionMachine>;
