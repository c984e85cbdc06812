import { njordr } from '@edda/contracts';
import { waitFor } from '@edda/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Market, openMarket } from './support/open-market.ts';
import { testModel } from './support/test-agent.ts';

const { ProviderStatus: S, ProviderAvailability: A } = njordr;

const configuration = (more: Partial<njordr.ProviderConfiguration> = {}): njordr.ProviderConfiguration =>
  njordr.ProviderConfiguration.fromPartial({
    displayName: 'Freya’s forge',
    models: [testModel],
    price: { priceCents: 3n, priceUnitTokens: 1_000n },
    capacity: { maxParallelRequests: 2 },
    ...more,
  });

let keys = 0;
const request = (deviceId: string, more: Partial<njordr.ProviderConfiguration> = {}) => ({
  idempotencyKey: `key-${keys++}`,
  deviceId,
  configuration: configuration(more),
});

describe('a registered provider', () => {
  let market: Market;
  beforeEach(async () => void (market = await openMarket()));
  afterEach(() => market.close());

  const register = async (deviceId = 'anvil', more: Partial<njordr.ProviderConfiguration> = {}) => {
    const { provider } = await market.client('freya').registerProvider(request(deviceId, more));
    return provider!;
  };
  const statusOf = async (providerId: string) => (await market.client('freya').getProvider({ providerId })).provider!;
  const untilStatus = (providerId: string, status: njordr.ProviderStatus) =>
    waitFor(async () => {
      const provider = await statusOf(providerId);
      return provider.status === status ? provider : undefined;
    });
  const listed = async (deviceId = 'anvil') => {
    const { providerId } = await register(deviceId);
    const agent = market.agent(deviceId);
    await agent.hello();
    await untilStatus(providerId, S.ACTIVE);
    return { providerId, agent };
  };

  it('a new price is a new version at Heidrun; routing keeps the old one until it is confirmed', async () => {
    const { providerId } = await listed();
    const client = market.client('freya');
    const change = (priceCents: bigint) =>
      client.updateProvider({
        idempotencyKey: `key-${keys++}`,
        providerId,
        configuration: configuration({ price: { priceCents, outputPriceCents: undefined, priceUnitTokens: 1_000n } }),
        updateMask: ['price'],
        expectedVersion: 0n,
      });
    const { provider } = await change(7n);
    expect(provider).toMatchObject({
      priceVersion: 2n,
      configuration: { displayName: 'Freya’s forge', price: { priceCents: 7n } },
    });
    const offer = () => market.providers.directory.offer(providerId, 'tiny');
    expect(offer()).toMatchObject({ price: { priceCents: 7n }, priceVersion: 2n });

    market.state.pricingDown = true;
    await change(9n);
    expect(offer()).toMatchObject({ price: { priceCents: 7n }, priceVersion: 2n });
    market.state.pricingDown = false;
    await waitFor(() => offer()?.priceVersion === 3n);
    expect(offer()).toMatchObject({ price: { priceCents: 9n } });
  });

  it('a change from an older version is a VERSION_CONFLICT', async () => {
    const { providerId, version } = await register();
    const change = market.client('freya').updateProvider({
      idempotencyKey: 'k',
      providerId,
      configuration: configuration(),
      updateMask: undefined,
      expectedVersion: version + 40n,
    });
    await expect(change).rejects.toMatchObject({ kind: 'conflict', reason: 'VERSION_CONFLICT' });
  });

  it('the owner pauses, takes off and resumes; routing follows at once', async () => {
    const { providerId } = await listed();
    const set = async (availability: njordr.ProviderAvailability) => {
      const asked = { idempotencyKey: `key-${keys++}`, providerId, availability, reason: '' };
      return (await market.client('freya').setProviderAvailability(asked)).provider!;
    };
    const offer = () => market.providers.directory.offer(providerId, 'tiny');
    expect(await set(A.MAINTENANCE)).toMatchObject({ status: S.ACTIVE, availability: A.MAINTENANCE });
    expect(offer()?.available).toBe(false);
    expect(await set(A.OFFLINE)).toMatchObject({ status: S.INACTIVE, availability: A.OFFLINE });
    expect(offer()).toBeUndefined();
    expect(await set(A.AVAILABLE)).toMatchObject({ status: S.ACTIVE, availability: A.AVAILABLE });
    expect(offer()?.available).toBe(true);
    await expect(set(A.BUSY)).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
  });

  it('an owner whose payout method is gone is no longer routed to, until there is one again', async () => {
    market.settings.providers.payoutRecheckMs = 100;
    await market.restart();
    const { providerId } = await listed();
    const offer = () => market.providers.directory.offer(providerId, 'tiny');
    expect(offer()).toMatchObject({ payoutVerified: true });
    market.state.payoutReady = false;
    await waitFor(() => offer()?.payoutVerified === false);
    // For three looks, a second at least, the method is relied on.
    expect(market.state.checked.at(-1)).toMatchObject({ listedSeconds: 1 });
    expect(await statusOf(providerId)).toMatchObject({ status: S.ACTIVE, payoutVerified: false });
    market.state.payoutReady = true;
    await waitFor(() => offer()?.payoutVerified === true);
  });

  it('is BUSY while full', async () => {
    const { providerId } = await listed();
    const { directory } = market.providers;
    expect([directory.reserve(providerId, 'tiny'), directory.reserve(providerId, 'tiny')]).toEqual([true, true]);
    expect(directory.reserve(providerId, 'tiny')).toBe(false);
    expect(await statusOf(providerId)).toMatchObject({ availability: A.BUSY, activeJobs: 2 });
    directory.release(providerId, 'tiny');
    expect(await statusOf(providerId)).toMatchObject({ availability: A.AVAILABLE, activeJobs: 1 });
  });

  it('unregistering ends the line; the device can be registered anew, the provider cannot come back', async () => {
    const { providerId, agent } = await listed();
    const client = market.client('freya');
    const { provider } = await client.unregisterProvider({ idempotencyKey: 'u', providerId, reason: 'sold' });
    expect(provider).toMatchObject({ status: S.UNREGISTERED, availability: A.OFFLINE });
    expect((await agent.next('rejected')).reason).toBe('PROVIDER_UNREGISTERED');
    expect(market.providers.directory.offers('tiny')).toEqual([]);
    await expect(client.unregisterProvider({ idempotencyKey: 'v', providerId, reason: '' })).rejects.toMatchObject({
      reason: 'ILLEGAL_TRANSITION',
    });
    agent.send({
      $case: 'hello',
      value: njordr.Hello.fromPartial({ deviceId: 'anvil', agentVersion: '1', models: [testModel], capacity: 1 }),
    });
    expect((await agent.next('rejected')).reason).toBe('PROVIDER_UNREGISTERED');
    expect((await register()).providerId).not.toBe(providerId);
  });
});
