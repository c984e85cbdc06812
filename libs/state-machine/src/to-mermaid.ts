import { type TransitionTable } from './machine-types.ts';

/** Draws the table in its own order; terminal states end in the final pseudo-state. */
export function toMermaid(initial: string, table: TransitionTable): string {
  const lines = ['stateDiagram-v2', `    [*] --> ${initial}`];
  for (const [state, row] of Object.entries(table)) {
    const steps = Object.entries(row);
    for (const [event, target] of steps) lines.push(`    ${state} --> ${target} : ${event}`);
    if (steps.length === 0) lines.push(`    ${state} --> [*]`);
  }
  return lines.join('\n') + '\n';
}
