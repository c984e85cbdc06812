import { type MarketResult } from './run-market.ts';

const shown = 20;

/** Says how a run went. @returns the exit code: 1 when anything is wrong */
export function reportMarket(result: MarketResult, log: (line: string) => void): 0 | 1 {
  const { kills, deeds, ends, prices, losses, doubles, violations } = result;
  const endings = new Map<string, number>();
  for (const end of ends) endings.set(end, (endings.get(end) ?? 0) + 1);
  const outcomes = new Map<string, number>();
  for (const { what, status } of deeds) {
    const name = `${what} ${status === 0 ? 'unanswered' : status}`;
    outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
  }
  const list = (counts: Map<string, number>) =>
    [...counts.entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  const total = [...kills.values()].reduce((sum, count) => sum + count, 0);
  log(`kills       ${total} (${list(kills)})`);
  log(`requests    ${deeds.length} in ${deeds.reduce((sum, { calls }) => sum + calls, 0)} calls`);
  const took = prices.filter(({ status }) => status >= 200 && status < 300).length;
  log(
    `prices      ${took} of ${prices.length} changes taken, in ${prices.reduce((sum, { calls }) => sum + calls, 0)} calls`,
  );
  log(`outcomes    ${list(outcomes)}`);
  log(`endings     ${list(endings)}`);
  for (const [name, found] of Object.entries({ losses, doubles, violations })) {
    log(`${name.padEnd(11)} ${found.length}`);
    for (const line of found.slice(0, shown)) log(`  ${line}`);
  }
  return losses.length + doubles.length + violations.length === 0 ? 0 : 1;
}
