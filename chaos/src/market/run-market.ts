import { setTimeout as sleep } from 'node:timers/promises';
import { type MarketUser, tokensOf, until } from '@edda/app-edda/separate';
import { buy } from '../steps/buy.ts';
import { readBills } from '../verify/bill.ts';
import { verifyMarket } from '../verify/verify-market.ts';
import { verifyPrices } from '../verify/verify-prices.ts';
import { openWorld, type World } from '../world/open-world.ts';
import { startHostileAgent } from './hostile-agent.ts';
import { playIncidents } from './incidents.ts';
import { type Deed, runClient } from './load.ts';
import { changePrices, type PriceDeed } from './price-changes.ts';
import { createRandom } from './random.ts';
import { planIncidents } from './schedule.ts';
import { toppedUp, verifyDeeds, verifyTopUps } from './verify-deeds.ts';

export interface MarketRun {
  seed: number;
  seconds: number;
  log: (line: string) => void;
}

export interface MarketResult {
  kills: Map<string, number>;
  deeds: readonly Deed[];
  /** How all transactions ended: state and finish reason. */
  ends: readonly string[];
  prices: readonly PriceDeed[];
  losses: string[];
  doubles: string[];
  violations: string[];
}

const model = 'builtin-ngram';
const clients = 4;
/** What is under way when the last part is back ends within leases, deadlines and backoffs, ms. */
const settledWithinMs = 120_000;
const listedWithinMs = 90_000;

/** Opens a market, loads it while its parts are killed, waits until nothing is going on, and looks at what is left. */
export async function runMarket({ seed, seconds, log }: MarketRun): Promise<MarketResult> {
  const random = createRandom(seed);
  const requesters = Array.from({ length: clients }, (_, index): MarketUser => {
    return { subject: `client-${index + 1}`, networkId: 'demo', roles: ['user'] };
  });
  const owner = (subject: string): MarketUser => ({ subject, networkId: 'demo', roles: ['user', 'provider'] });
  const agent = (deviceId: string, tokensPerSecond: number) => ({
    ...{ owner: owner(`owner-of-${deviceId}`), deviceId, displayName: deviceId, model },
    ...{ priceCents: 40, capacity: 4, quality: 4, tokensPerSecond, firstTokenDelayMs: 0 },
  });
  const world = await openWorld({
    requesters,
    fundsCents: 50_000n,
    redis: true,
    settings: {
      njordr: { recovery: { leaseSeconds: 2, sweepIntervalMs: 200 }, requests: { defaultTimeoutMs: 8_000 } },
      heidrun: { holds: { sweepIntervalMs: 500 } },
    },
    // Slow enough that what is killed is killed in the middle of answers.
    agents: [agent('quick', 60), agent('slow', 20)],
    payees: [owner('owner-of-hostile')],
  });
  try {
    const hostile = startHostileAgent(world, owner('owner-of-hostile'), model, random.fork('hostile'));
    await listed(world, 3);
    const endsAt = performance.now() + seconds * 1_000;
    const { incidents } = planIncidents(random.fork('incidents'), withOne(world.parts), seconds);
    const deeds: Deed[] = [];
    let goesOn = true;
    const options = { url: world.market.httpUrl, model, goesOn: () => goesOn };
    const load = requesters.map(async (requester, index) => {
      const token = await tokensOf(world.market, requester)();
      const client = { requester, token, random: random.fork(`client ${index}`) };
      await runClient(client, options, (deed) => void deeds.push(deed));
    });
    const prices: PriceDeed[] = [];
    const owners = ['quick', 'slow', 'hostile'].map((device) => owner(`owner-of-${device}`));
    const changing = changePrices(world, owners, { random: random.fork('prices'), goesOn: options.goesOn }, (deed) => {
      prices.push(deed);
    });
    const kills = await playIncidents(world, hostile, incidents, { until: endsAt, log }).finally(
      () => (goesOn = false),
    );
    await Promise.all([...load, changing]);
    await hostile.close();
    const violations = await settle(world, requesters, prices, log);
    violations.push(...(await servesAgain(world, requesters)));
    const [told, charged] = [await verifyDeeds(world, deeds), await verifyTopUps(world, deeds)];
    const losses = [...told.losses, ...charged.losses];
    const doubles = [...told.doubles, ...charged.doubles];
    if (losses.length + doubles.length + violations.length > 0) {
      world.keep();
      log(`data and logs of every part stay in ${world.root}`);
    }
    const ends = (await readBills(world)).map(({ state, finish }) => (state === 'COMPLETED' ? finish : state));
    return { kills, deeds, ends, prices, losses, doubles, violations };
  } finally {
    await world.close();
  }
}

/** Waits until nothing is wrong any more. @returns what is wrong for good */
async function settle(
  world: World,
  requesters: readonly MarketUser[],
  prices: readonly PriceDeed[],
  log: (line: string) => void,
): Promise<string[]> {
  const startedAt = performance.now();
  for (;;) {
    const paid = await toppedUp(world);
    const wallets = requesters.map((requester) => ({ requester, cents: paid.get(requester.subject) ?? 0n }));
    const violations = await verifyMarket(world, wallets).catch((error: unknown) => [String(error)]);
    violations.push(...(await verifyPrices(world, prices).catch((error: unknown) => [String(error)])));
    violations.push(...(await verifyIdle(world)));
    const waited = performance.now() - startedAt;
    if (violations.length === 0) log(`settled after ${(waited / 1_000).toFixed(1)} s`);
    if (violations.length === 0 || waited > settledWithinMs) return violations;
    await sleep(500);
  }
}

/** All providers are on the market, also those that nobody else waits for. */
async function listed({ databases }: World, count: number): Promise<void> {
  await until('all providers are listed', listedWithinMs, async () => {
    const { rowCount } = await databases.njordr.query(`SELECT FROM providers WHERE status = 'ACTIVE' AND connected`);
    return rowCount === count;
  });
}

/** Njörðr says itself that nothing runs. */
async function verifyIdle({ market }: World): Promise<string[]> {
  const url = `http://127.0.0.1:${market.operationsPorts.njordr}/metrics`;
  const text = await fetch(url).then(
    (answer) => answer.text(),
    () => '',
  );
  const active = /^edda_njordr_requests_active(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1];
  return active === '0' ? [] : [`Njörðr has ${active ?? 'an unknown number of'} requests running`];
}

/** No slot was lost: as many answers at once as the providers have slots. */
async function servesAgain(world: World, requesters: readonly MarketUser[]): Promise<string[]> {
  const slots = 8;
  const calls = Array.from({ length: slots }, async (_, index) => {
    const requester = requesters[index % requesters.length];
    if (requester === undefined) return [];
    const wanted = { requester, idempotencyKey: `after all ${index}`, model, maxOutputTokens: 10n };
    for (let tries = 1; ; tries += 1) {
      const bought = await buy(world, wanted);
      if (bought.receipt !== undefined) return [];
      if (tries === 20) return [`the market does not serve any more: ${bought.fault?.message ?? 'no receipt'}`];
      await sleep(500);
    }
  });
  return (await Promise.all(calls)).flat();
}

function withOne(parts: readonly string[]): readonly [string, ...string[]] {
  const [first, ...others] = parts;
  if (first === undefined) throw new Error('there is nothing to kill');
  return [first, ...others];
}
