export { defineStateMachine } from './define-state-machine.ts';
export { type EventOf, type StateMachine, type StateOf, type TransitionTable } from './machine-types.ts';
