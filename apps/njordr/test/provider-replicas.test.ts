import { njordr } from '@edda/contracts';
import { createInProcessKit } from '@edda/redis-kit';
import { waitFor } from '@edda/testing';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Market, openMarket } from './support/open-market.ts';
import { testModel } from './support/test-agent.ts';

let keys = 0;
const configuration = njordr.ProviderConfiguration.fromPartial({
  displayName: 'Freya’s forge',
  models: [testModel],
  price: { priceCents: 3n, priceUnitTokens: 1_000n },
  capacity: { maxParallelRequests: 2 },
});

let market: Market;
beforeEach(async () => void (market = await openMarket()));
afterEach(() => market.close());

/** A provider that became ACTIVE at the first replica, where its device is connected. */
async function activeProvider() {
  const freya = market.client('freya');
  const { provider } = await freya.registerProvider({
    idempotencyKey: `r-${keys++}`,
    deviceId: 'anvil',
    configuration,
  });
  const { providerId } = provider!;
  await market.agent('anvil').hello();
  await waitFor(() => market.providers.directory.offer(providerId, testModel.model), { what: 'the listing' });
  return { providerId, freya };
}

async function replica(redis?: Parameters<Market['replica']>[0]) {
  const other = await market.replica(redis);
  onTestFinished(() => other.close());
  return other.providers.directory;
}

const update = (providerId: string, priceCents: bigint) => ({
  idempotencyKey: `u-${keys++}`,
  providerId,
  configuration: { ...configuration, price: { ...configuration.price!, priceCents } },
});

describe('a provider changed at one replica', () => {
  it('is listed, priced and taken off at another one, told by message', async () => {
    const directory = await replica();
    const { providerId, freya } = await activeProvider();
    const offer = () => directory.offer(providerId, testModel.model);
    await waitFor(() => offer(), { what: 'the listing elsewhere' });
    await freya.updateProvider(njordr.UpdateProviderRequest.fromPartial(update(providerId, 5n)));
    await waitFor(() => offer()?.price.priceCents === 5n, { what: 'the new price elsewhere' });
    await freya.unregisterProvider({ idempotencyKey: `x-${keys++}`, providerId, reason: '' });
    await waitFor(() => offer() === undefined, { what: 'the end elsewhere' });
  });

  it('is told again when the message could not be sent', async () => {
    const directory = await replica();
    const kit = createInProcessKit({ server: market.bus });
    let refused = 0;
    const publish = async (topic: string, message: string) =>
      topic === 'providers' && refused++ < 3 ? false : kit.bus.publish(topic, message);
    const teller = await market.replica({ ...kit, shared: true, up: true, bus: { ...kit.bus, publish } });
    onTestFinished(() => teller.close());
    const { providerId } = await activeProvider();
    await waitFor(() => directory.offer(providerId, testModel.model), { what: 'the listing elsewhere' });
    const freya = market.client('freya', { at: teller.address });
    await freya.unregisterProvider({ idempotencyKey: `x-${keys++}`, providerId, reason: '' });
    expect(refused).toBeGreaterThan(0);
    await waitFor(() => directory.offer(providerId, testModel.model) === undefined, { what: 'the end elsewhere' });
  });

  it('is found by reading while no message arrives', async () => {
    const lost = { ...createInProcessKit(), shared: true, up: false };
    const directory = await replica(lost);
    const { providerId, freya } = await activeProvider();
    const offer = () => directory.offer(providerId, testModel.model);
    await waitFor(() => offer(), { what: 'the listing elsewhere' });
    await freya.unregisterProvider({ idempotencyKey: `x-${keys++}`, providerId, reason: '' });
    await waitFor(() => offer() === undefined, { what: 'the end elsewhere' });
  });

  it('loses its device’s line although it was taken off at another one', async () => {
    const { providerId } = await activeProvider();
    const other = await market.replica();
    onTestFinished(() => other.close());
    expect(market.providers.hub.isConnected(providerId)).toBe(true);
    await market.pool.query(
      `UPDATE providers SET status = 'SUSPENDED', status_reason = 'x', version = version + 1 WHERE provider_id = $1`,
      [providerId],
    );
    await market.providers.resync();
    expect(market.providers.hub.isConnected(providerId)).toBe(false);
  });
});
