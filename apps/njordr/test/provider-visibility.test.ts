import { njordr } from '@edda/contracts';
import { waitFor } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Market, openMarket } from './support/open-market.ts';

const { SharingScope } = njordr;

/** Three listed providers of freya in asgard, and one nobody has approved. */
describe('who sees which provider', () => {
  let market: Market;
  const ids = new Map<string, string>();
  const nameOf = (providerId: string) => [...ids].find(([, id]) => id === providerId)?.[0];
  const devices = [
    { deviceId: 'own', sharing: { scope: SharingScope.OWN_NETWORK, trustedNetworkIds: [] }, cents: 3n },
    { deviceId: 'trusted', sharing: { scope: SharingScope.TRUSTED, trustedNetworkIds: ['vanaheim'] }, cents: 1n },
    { deviceId: 'public', sharing: { scope: SharingScope.PUBLIC, trustedNetworkIds: [] }, cents: 2n },
  ];

  beforeAll(async () => {
    market = await openMarket();
    for (const { deviceId, sharing, cents } of devices) {
      const agent = market.agent(deviceId);
      await agent.hello({ sharing, price: { priceCents: cents, outputPriceCents: undefined, priceUnitTokens: 0n } });
      ids.set(deviceId, agent.providerId);
      await waitFor(() => market.providers.directory.offer(agent.providerId, 'tiny'));
    }
    const quiet = market.agent('pending');
    quiet.probeAnswer = { error: 'no' };
    await quiet.hello({ sharing: { scope: SharingScope.PUBLIC, trustedNetworkIds: [] } });
    ids.set('pending', quiet.providerId);
  });
  afterAll(() => market.close());

  const list = async (subject: string, networkId: string, more: Partial<njordr.ListProvidersRequest> = {}) => {
    const client = market.client(subject, { networkId });
    const { providers } = await client.listProviders(njordr.ListProvidersRequest.fromPartial(more));
    return providers.map(({ providerId }) => nameOf(providerId));
  };

  it.each([
    ['the owner', 'freya', 'asgard', ['own', 'trusted', 'public', 'pending']],
    ['a neighbour in the network', 'thor', 'asgard', ['own', 'trusted', 'public']],
    ['a trusted network', 'njal', 'vanaheim', ['trusted', 'public']],
    ['a stranger', 'loki', 'jotunheim', ['public']],
    ['a namesake in another network', 'freya', 'jotunheim', ['public']],
  ])('%s sees its part, in lists and one by one; the rest is NOT_FOUND', async (_, subject, networkId, visible) => {
    expect(await list(subject, networkId)).toEqual(visible);
    const client = market.client(subject, { networkId });
    for (const [name, providerId] of ids) {
      const asked = client.getProvider({ providerId });
      if (visible.includes(name)) expect((await asked).provider?.providerId).toBe(providerId);
      else await expect(asked).rejects.toMatchObject({ kind: 'not-found', reason: 'NOT_FOUND' });
    }
  });

  it('strangers are not shown how the owner runs it', async () => {
    const client = market.client('njal', { networkId: 'vanaheim' });
    const { provider } = await client.getProvider({ providerId: ids.get('trusted')! });
    expect(provider).toMatchObject({
      ownerId: '',
      networkId: '',
      decisionId: '',
      agentVersion: '',
      connectionTest: undefined,
    });
    expect(provider?.configuration?.sharing?.trustedNetworkIds).toEqual([]);
    const own = await market.client('freya').getProvider({ providerId: ids.get('trusted')! });
    expect(own.provider).toMatchObject({ ownerId: 'freya', networkId: 'asgard', connectionTest: { passed: true } });
    expect(own.provider?.configuration?.sharing?.trustedNetworkIds).toEqual(['vanaheim']);
  });

  it('nobody else changes a provider, seen or not', async () => {
    const providerId = ids.get('public')!;
    for (const networkId of ['asgard', 'jotunheim']) {
      const client = market.client('loki', { networkId });
      await expect(client.unregisterProvider({ idempotencyKey: 'k', providerId, reason: '' })).rejects.toMatchObject({
        reason: 'NOT_FOUND',
      });
      const paused = {
        idempotencyKey: 'k',
        providerId,
        availability: njordr.ProviderAvailability.MAINTENANCE,
        reason: '',
      };
      await expect(client.setProviderAvailability(paused)).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    }
  });

  it('lists by price, page by page, both ways', async () => {
    const client = market.client('thor');
    const pages = async (orderBy: string) => {
      const names: (string | undefined)[] = [];
      let pageToken = '';
      do {
        const page = await client.listProviders(
          njordr.ListProvidersRequest.fromPartial({ pageSize: 1, orderBy, pageToken }),
        );
        names.push(...page.providers.map(({ providerId }) => nameOf(providerId)));
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      return names;
    };
    expect(await pages('price_cents')).toEqual(['trusted', 'public', 'own']);
    expect(await pages('price_cents desc')).toEqual(['own', 'public', 'trusted']);
    expect(await pages('created_at')).toEqual(['own', 'trusted', 'public']);
    expect(await pages('display_name desc')).toEqual(['trusted', 'public', 'own']);
  });

  it('filters by model, status, availability, device and owner', async () => {
    const { ProviderStatus: S, ProviderAvailability: A } = njordr;
    expect(await list('freya', 'asgard', { model: 'huge' })).toEqual([]);
    expect(await list('freya', 'asgard', { model: 'tiny', deviceId: 'own' })).toEqual(['own']);
    expect(await list('freya', 'asgard', { statuses: [S.PENDING] })).toEqual(['pending']);
    expect(await list('freya', 'asgard', { availabilities: [A.OFFLINE] })).toEqual([]);
    expect(await list('thor', 'asgard', { ownOnly: true })).toEqual([]);
    expect(await list('loki', 'jotunheim', { ownNetworkOnly: true })).toEqual([]);
  });

  it.each([
    ['order_by', { orderBy: 'status' }],
    ['page_size', { pageSize: 1_001 }],
    ['page_token', { pageToken: 'bm90IGEgdG9rZW4' }],
  ])('refuses a wrong %s', async (field, more) => {
    await expect(list('freya', 'asgard', more)).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      violations: [{ field }],
    });
  });
});
