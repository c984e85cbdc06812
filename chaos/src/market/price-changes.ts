import { setTimeout as sleep } from 'node:timers/promises';
import { type MarketUser, tokensOf } from '@edda/app-edda/separate';
import { type World } from '../world/open-world.ts';
import { type Random } from './random.ts';

/** A price that an owner wanted, and whether the market took it. */
export interface PriceDeed {
  providerId: string;
  owner: MarketUser;
  priceCents: number;
  /** Of the last answer; 0 when none came: then it may be in force or not. */
  status: number;
  calls: number;
}

const maxCalls = 40;
const callWithinMs = 30_000;
const cheapestCents = 20;
/** Prices of one owner that follow each other never repeat within so many. */
const differentPrices = 61;

/** Owners change their prices, one after the other of each, as long as it goes on. */
export async function changePrices(
  world: World,
  owners: readonly MarketUser[],
  options: { random: Random; goesOn: () => boolean },
  done: (deed: PriceDeed) => void,
): Promise<void> {
  await Promise.all(
    owners.map(async (owner) => {
      const random = options.random.fork(owner.subject);
      const token = await tokensOf(world.market, owner)();
      for (let index = 1; options.goesOn(); index += 1) {
        await sleep(random.between(100, 900));
        const providerId = await providerOf(world, owner);
        if (providerId === undefined) continue;
        // A stride that is prime to their number visits all prices before it comes back to the first.
        const priceCents = cheapestCents + ((index * 17) % differentPrices);
        done(
          await insist({ world, owner, token, random, key: `${owner.subject}-price-${index}` }, providerId, priceCents),
        );
      }
    }),
  );
}

/** A provider that says Hello for the first time is registered then. */
async function providerOf({ databases }: World, { subject, networkId }: MarketUser): Promise<string | undefined> {
  const found = await databases.njordr
    .query<{ id: string }>('SELECT provider_id AS id FROM providers WHERE owner_id = $1 AND network_id = $2', [
      subject,
      networkId,
    ])
    .catch(() => undefined);
  return found?.rows[0]?.id;
}

interface Change {
  world: World;
  owner: MarketUser;
  token: string;
  random: Random;
  key: string;
}

/** Calls again with the same key until the answer is final. */
async function insist(change: Change, providerId: string, priceCents: number): Promise<PriceDeed> {
  const { world, owner, token, random, key } = change;
  const deed: PriceDeed = { providerId, owner, priceCents, status: 0, calls: 0 };
  const configuration = { price: { price_cents: priceCents, price_unit_tokens: 1_000 } };
  while (deed.calls < maxCalls) {
    deed.calls += 1;
    deed.status = await fetch(`${world.market.httpUrl}/api/v1/marketplace/providers/${providerId}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ configuration, update_mask: ['price'] }),
      signal: AbortSignal.timeout(callWithinMs),
    }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => 0,
    );
    if (deed.status !== 0 && deed.status < 500 && deed.status !== 429) break;
    await sleep(random.between(100, 400));
  }
  return deed;
}
