import { type LocalAgentOptions } from '../market/local-agent.ts';
import { type MarketUser } from '../market/market-user.ts';

/** Who asks. */
export const demoRequester: MarketUser = { subject: 'requester', networkId: 'demo', roles: ['user'] };

type CastMember = Omit<LocalAgentOptions, 'logger'>;

const owner = (name: string): MarketUser => ({
  subject: `${name}-owner`,
  networkId: `${name}-network`,
  roles: ['user', 'provider'],
});

/** Three providers that differ in price, quality and speed, so that the choice between them means something. */
export const demoProviders: readonly CastMember[] = [
  {
    owner: owner('frugal'),
    deviceId: 'frugal',
    displayName: 'Frugal',
    priceCents: 60,
    capacity: 1,
    quality: 2,
    tokensPerSecond: 30,
    firstTokenDelayMs: 700,
  },
  {
    owner: owner('steady'),
    deviceId: 'steady',
    displayName: 'Steady',
    priceCents: 120,
    capacity: 2,
    quality: 4,
    tokensPerSecond: 80,
    firstTokenDelayMs: 120,
  },
  {
    owner: owner('swift'),
    deviceId: 'swift',
    displayName: 'Swift',
    priceCents: 300,
    capacity: 4,
    quality: 5,
    tokensPerSecond: 240,
    firstTokenDelayMs: 20,
  },
];
