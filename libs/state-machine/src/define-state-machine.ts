import { commonFaults } from '@edda/faults';
import { assertSoundTable } from './assert-sound-table.ts';
import {
  type EventIn,
  type KnownTargets,
  type StateIn,
  type StateMachine,
  type TransitionTable,
} from './machine-types.ts';
import { toMermaid } from './to-mermaid.ts';

/**
 * Turns a transition table into a machine. Transitions are pure: the caller persists the outcome,
 * guarded by `WHERE state = expected`.
 * @throws Error when a target or the initial state is undefined, a state is unreachable, or a name
 *   would not survive in a diagram; a table that loads is sound
 */
export function defineStateMachine<const Table extends TransitionTable>(definition: {
  name: string;
  initial: NoInfer<StateIn<Table>>;
  transitions: Table & KnownTargets<Table>;
}): StateMachine<StateIn<Table>, EventIn<Table>> {
  type State = StateIn<Table>;
  type Event = EventIn<Table>;
  const { name, initial, transitions } = definition;
  assertSoundTable(name, initial, transitions);
  const table = new Map<string, Map<string, State>>(
    Object.entries<Readonly<Record<string, string>>>(transitions).map(([state, row]) => [
      state,
      new Map(Object.entries(row as Record<string, State>)),
    ]),
  );
  const states = Object.freeze([...table.keys()] as State[]);
  return Object.freeze({
    name,
    initial,
    states,
    next(state: State, event: Event): State {
      const target = table.get(state)?.get(event);
      if (target !== undefined) return target;
      throw commonFaults.ILLEGAL_TRANSITION(`${name}: "${event}" is not possible in state ${state}`, {
        metadata: { machine: name, state, event },
      });
    },
    can: (state: State, event: Event) => table.get(state)?.has(event) ?? false,
    isTerminal: (state: State) => table.get(state)?.size === 0,
    isState: (text: string): text is State => table.has(text),
    sourcesOf: (event: Event) => states.filter((state) => table.get(state)?.has(event)),
    toMermaid: () => toMermaid(initial, transitions),
  });
}
