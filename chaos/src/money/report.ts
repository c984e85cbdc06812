import { type MoneyResult } from './run-money.ts';

const shown = 20;

/** Says how a run went. @returns the exit code: 1 when anything is wrong */
export function reportMoney(
  { kills, deeds, losses, doubles, violations }: MoneyResult,
  log: (line: string) => void,
): 0 | 1 {
  const outcomes = new Map<string, number>();
  for (const { what, answer, refused } of deeds) {
    const name = `${what} ${answer !== undefined ? 'done' : (refused ?? 'unanswered')}`;
    outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
  }
  const list = (counts: Map<string, number>) =>
    [...counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  const total = [...kills.values()].reduce((sum, count) => sum + count, 0);
  log(`kills       ${total} (${list(kills)})`);
  log(`operations  ${deeds.length} in ${deeds.reduce((sum, { calls }) => sum + calls, 0)} calls`);
  log(`outcomes    ${list(outcomes)}`);
  for (const [name, found] of Object.entries({ losses, doubles, violations })) {
    log(`${name.padEnd(11)} ${found.length}`);
    for (const line of found.slice(0, shown)) log(`  ${line}`);
  }
  return losses.length + doubles.length + violations.length === 0 ? 0 : 1;
}
