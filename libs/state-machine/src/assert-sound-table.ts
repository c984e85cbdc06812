import { type TransitionTable } from './machine-types.ts';

/** Names that are valid Mermaid identifiers and need no quoting anywhere else either. */
const stateName = /^[A-Za-z_]\w*$/;
const eventName = /^[A-Za-z_][\w-]*$/;

/** @throws Error naming the machine and the first thing wrong with its table */
export function assertSoundTable(machine: string, initial: string, table: TransitionTable): void {
  const states = Object.keys(table);
  const known = new Set(states);
  const fail = (problem: string): never => {
    throw new Error(`State machine "${machine}": ${problem}.`);
  };
  if (!known.has(initial)) fail(`the initial state ${initial} is not defined`);
  for (const [state, row] of Object.entries(table)) {
    if (!stateName.test(state)) fail(`"${state}" is not a usable state name`);
    for (const [event, target] of Object.entries(row)) {
      if (!eventName.test(event)) fail(`"${event}" is not a usable event name`);
      if (!known.has(target)) fail(`${state} --${event}--> ${target} leads to an undefined state`);
    }
  }
  const reached = reachableFrom(initial, table);
  const lost = states.filter((state) => !reached.has(state));
  if (lost.length > 0) fail(`${lost.join(', ')} cannot be reached from ${initial}`);
}

function reachableFrom(initial: string, table: TransitionTable): Set<string> {
  const reached = new Set([initial]);
  // A Set visits what is added while it is iterated, which makes this a breadth-first search.
  for (const state of reached) {
    for (const target of Object.values(table[state] ?? {})) reached.add(target);
  }
  return reached;
}
