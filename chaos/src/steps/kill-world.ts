import { type MarketUser } from '@edda/app-edda/separate';
import { openWorld, type World } from '../world/open-world.ts';
import { type Wanted } from './buy.ts';

const requester: MarketUser = { subject: 'ada', networkId: 'demo', roles: ['user'] };
const fundsCents = 100_000n;
const model = 'builtin-ngram';

/** A market to kill parts of, step by step: one requester, one provider that is slow enough to be interrupted. */
export async function openKillWorld() {
  const world: World = await openWorld({
    requesters: [requester],
    fundsCents,
    // Whoever died is missed after a second; standard leases would only make each step longer.
    settings: { njordr: { recovery: { leaseSeconds: 1, sweepIntervalMs: 100 } } },
    agents: [
      {
        owner: { subject: 'otto', networkId: 'demo', roles: ['user', 'provider'] },
        ...{ deviceId: 'attic', displayName: 'Attic', priceCents: 40, capacity: 4, quality: 4, model },
        ...{ tokensPerSecond: 60, firstTokenDelayMs: 0 },
      },
    ],
  });
  const wanted = (idempotencyKey: string): Wanted => ({ requester, idempotencyKey, model, maxOutputTokens: 60n });
  return { world, wanted, wallets: [{ requester, cents: fundsCents }] };
}
