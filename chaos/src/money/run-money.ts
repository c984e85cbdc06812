import { setTimeout as sleep } from 'node:timers/promises';
import { playIncidents } from '../market/incidents.ts';
import { createRandom } from '../market/random.ts';
import { planIncidents } from '../market/schedule.ts';
import { verifyAudit } from '../verify/verify-audit.ts';
import { verifyLedger } from '../verify/verify-market.ts';
import { type MoneyDeed, repeat } from './insist.ts';
import { createMoneyClient } from './money-client.ts';
import { type MoneyWorld, openMoneyWorld } from './open-money-world.ts';
import { findDoubles, findLosses, verifyBalances, verifyNothingOpen } from './verify-money.ts';

export interface MoneyChaos {
  seed: number;
  seconds: number;
  log: (line: string) => void;
}

export interface MoneyResult {
  kills: Map<string, number>;
  deeds: readonly MoneyDeed[];
  losses: string[];
  doubles: string[];
  violations: string[];
}

const clientCount = 6;
/** Holds that nobody ends expire within a minute; what waits for the payment provider is taken up again before. */
const settledWithinMs = 90_000;

/** Loads Heidrun from several clients while it and its database are killed, waits, and looks at what is left. */
export async function runMoney({ seed, seconds, log }: MoneyChaos): Promise<MoneyResult> {
  const random = createRandom(seed);
  const world = await openMoneyWorld();
  try {
    const clients = Array.from({ length: clientCount }, (_, index) =>
      createMoneyClient(world, `client-${index + 1}`, random.fork(`client ${index}`)),
    );
    const byClient = new Map<string, MoneyDeed[]>();
    for (const client of clients) byClient.set(client.requester.subject, await client.open());
    let goesOn = true;
    const load = clients.map((client) =>
      client.run(
        () => goesOn,
        (deeds) => void byClient.get(client.requester.subject)?.push(...deeds),
      ),
    );
    const until = performance.now() + seconds * 1_000;
    const incidents = planIncidents(random.fork('incidents'), ['heidrun', 'postgres'], 2 * seconds).incidents;
    const kills = await playIncidents(
      world,
      { behave: () => undefined },
      incidents.filter(({ what }) => what === 'kill'),
      { until, log },
    ).finally(() => (goesOn = false));
    await Promise.all(load);
    const deeds = [...byClient.values()].flat();
    const violations = await settle(world, byClient, log);
    for (const deed of deeds) if (deed.answer !== undefined) await repeat(deed);
    violations.push(...(await verifyBalances(world, byClient)));
    const [losses, doubles] = [await findLosses(world, deeds), await findDoubles(world, deeds)];
    if (losses.length + doubles.length + violations.length > 0) {
      world.keep();
      log(`data and logs of both parts stay in ${world.root}`);
    }
    return { kills, deeds, losses, doubles, violations };
  } finally {
    await world.close();
  }
}

/** Waits until nothing is open or wrong any more. @returns what is so for good */
async function settle(
  world: MoneyWorld,
  byClient: ReadonlyMap<string, MoneyDeed[]>,
  log: (line: string) => void,
): Promise<string[]> {
  const startedAt = performance.now();
  for (;;) {
    const checks = [verifyNothingOpen(world), verifyLedger(world), verifyAudit(world), verifyBalances(world, byClient)];
    const violations = await Promise.all(checks).then(
      (found) => found.flat(),
      (error: unknown) => [String(error)],
    );
    const waited = performance.now() - startedAt;
    if (violations.length === 0) log(`settled after ${(waited / 1_000).toFixed(1)} s`);
    if (violations.length === 0 || waited > settledWithinMs) return violations;
    await sleep(500);
  }
}
