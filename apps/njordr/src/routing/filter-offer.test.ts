import { njordr } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { offer } from '../../test/support/offer.ts';
import { type Offer } from '../providers/provider-directory.ts';
import { filterOffer, prepareQuery } from './filter-offer.ts';
import { type RoutingQuery } from './routing-query.ts';

const query: RoutingQuery = {
  model: 'm',
  networkId: 'net-1',
  inputTokens: 100n,
  minQuality: 0,
  maxLatencyMs: 0,
  onlyProviders: [],
  ignoreProviders: [],
  ownNetworkOnly: false,
  trustedOnly: false,
};
const NOW = 1_000_000;
const filterName = (changes: Partial<Offer>, asked: Partial<RoutingQuery> = {}) => {
  const filter = filterOffer(offer(changes), prepareQuery({ ...query, ...asked }), NOW);
  return Object.entries(njordr.RoutingFilter).find(([, value]) => value === filter)?.[0];
};

describe('domain.md, routing 1: hard filters', () => {
  it.each<[string, Partial<Offer>, Partial<RoutingQuery>]>([
    ['UNSPECIFIED', {}, {}],
    ['UNAVAILABLE', { available: false }, {}],
    ['CAPACITY', { inFlight: 4 }, {}],
    ['OWNER_LIMIT', { limitedUntil: NOW + 1 }, {}],
    ['UNSPECIFIED', { limitedUntil: NOW }, {}],
    ['CONTEXT_LENGTH', { contextLength: 100n }, {}],
    ['UNSPECIFIED', { contextLength: 101n }, {}],
    ['CONTEXT_LENGTH', { contextLength: 1_000n }, { maxOutputTokens: 901n }],
    ['UNSPECIFIED', { contextLength: 1_000n }, { maxOutputTokens: 900n }],
    ['CONTEXT_LENGTH', { maxOutputTokens: 50n }, { maxOutputTokens: 51n }],
    ['CONTEXT_LENGTH', { maxInputTokens: 99n }, {}],
    ['MAX_COST', {}, { maxCostCents: 0n }],
    ['MAX_COST', {}, { maxCostCents: 1n, maxOutputTokens: 1n }],
    ['UNSPECIFIED', {}, { maxCostCents: 2n, maxOutputTokens: 100n }],
    ['MAX_COST', {}, { maxCostCents: 2n, maxOutputTokens: 101n }],
    ['PAYOUT_METHOD', { payoutVerified: false }, {}],
    ['PREFERENCE', {}, { onlyProviders: ['p2'] }],
    ['UNSPECIFIED', {}, { onlyProviders: ['p1'] }],
    ['PREFERENCE', {}, { ignoreProviders: ['p1'] }],
    ['UNSPECIFIED', { networkId: 'net-2' }, {}],
    ['NETWORK', { networkId: 'net-2' }, { ownNetworkOnly: true }],
    ['NETWORK', { networkId: 'net-2' }, { trustedOnly: true }],
    ['NETWORK', { networkId: 'net-2', sharing: 'own-network' }, {}],
    ['NETWORK', { networkId: 'net-2', sharing: 'trusted' }, {}],
    ['UNSPECIFIED', { networkId: 'net-2', sharing: 'trusted', trustedNetworkIds: new Set(['net-1']) }, {}],
    ['UNSPECIFIED', { sharing: 'own-network' }, { ownNetworkOnly: true }],
    ['QUALITY', {}, { minQuality: 0.71 }],
    ['UNSPECIFIED', {}, { minQuality: 0.7 }],
    ['COOLDOWN', { coolingUntil: NOW + 1 }, {}],
    ['UNSPECIFIED', { coolingUntil: NOW }, {}],
    ['COOLDOWN', { coolingUntil: Infinity }, {}],
    ['LATENCY', { inFlight: 1 }, { maxLatencyMs: 199 }],
    ['UNSPECIFIED', { inFlight: 1 }, { maxLatencyMs: 200 }],
  ])('%s for offer %o and query %o', (expected, changes, asked) => {
    expect(filterName(changes, asked)).toBe(expected);
  });
});
