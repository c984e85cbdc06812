import { randomUUID } from 'node:crypto';
import { njordr } from '@edda/contracts';
import { type PreparedMutation, waitFor } from '@edda/testing';
import { type Market } from './open-market.ts';
import { testModel } from './test-agent.ts';

const configuration = (displayName: string): njordr.ProviderConfiguration =>
  njordr.ProviderConfiguration.fromPartial({
    displayName,
    models: [testModel],
    price: { priceCents: 3n, priceUnitTokens: 1_000n },
    capacity: { maxParallelRequests: 2 },
  });

/** Every mutation about providers that is implemented, each about a provider of its own. */
export const providerMutations: Readonly<Record<string, (market: Market) => Promise<PreparedMutation>>> = {
  'njordr.v1.ProviderService/RegisterProvider': async (market) => {
    const { deviceId, client } = newcomer(market);
    // The answer shows the provider as it is by then: the workflow goes on meanwhile.
    const register = async (idempotencyKey: string, name: string) => {
      const answer = await client.registerProvider({ idempotencyKey, deviceId, configuration: configuration(name) });
      return answer.provider?.providerId;
    };
    return {
      call: (key) => register(key, 'Forge'),
      conflicting: (key) => register(key, 'Anvil'),
      settled: () => quiet(market, deviceId),
    };
  },
  'njordr.v1.ProviderService/UpdateProvider': async (market) => {
    const { client, providerId, deviceId } = await registered(market);
    const update = (idempotencyKey: string, name: string) =>
      client.updateProvider({
        ...{ idempotencyKey, providerId, configuration: configuration(name) },
        ...{ updateMask: ['display_name'], expectedVersion: 0n },
      });
    return {
      call: (key) => update(key, 'New name'),
      conflicting: (key) => update(key, 'Another name'),
      settled: () => quiet(market, deviceId),
    };
  },
  'njordr.v1.ProviderService/SetProviderAvailability': async (market) => {
    const { client, providerId, deviceId } = await registered(market);
    await listed(market, client, { providerId, deviceId });
    const { MAINTENANCE, AVAILABLE } = njordr.ProviderAvailability;
    const set = (idempotencyKey: string, availability: njordr.ProviderAvailability) =>
      client.setProviderAvailability(
        njordr.SetProviderAvailabilityRequest.fromPartial({ idempotencyKey, providerId, availability }),
      );
    return { call: (key) => set(key, MAINTENANCE), conflicting: (key) => set(key, AVAILABLE) };
  },
  'njordr.v1.ProviderService/UnregisterProvider': async (market) => {
    const { client, providerId } = await registered(market);
    const unregister = (idempotencyKey: string, id: string) =>
      client.unregisterProvider(njordr.UnregisterProviderRequest.fromPartial({ idempotencyKey, providerId: id }));
    return { call: (key) => unregister(key, providerId), conflicting: (key) => unregister(key, 'another') };
  },
};

function newcomer(market: Market) {
  const client = market.client(`owner-${randomUUID()}`);
  return { client, deviceId: `device-${randomUUID()}` };
}

async function registered(market: Market) {
  const { client, deviceId } = newcomer(market);
  const { provider } = await client.registerProvider({
    ...{ idempotencyKey: randomUUID(), deviceId, configuration: configuration('Forge') },
  });
  await quiet(market, deviceId);
  return { client, deviceId, providerId: provider!.providerId };
}

/** On the market, its device gone again: a line would write its heartbeats. */
async function listed(
  market: Market,
  client: ReturnType<Market['client']>,
  ids: Record<'providerId' | 'deviceId', string>,
) {
  const { provider } = await client.getProvider({ providerId: ids.providerId });
  const agent = market.agent(ids.deviceId, { owner: provider!.ownerId });
  await agent.hello();
  const now = async () => (await client.getProvider({ providerId: ids.providerId })).provider!;
  await waitFor(async () => (await now()).status === njordr.ProviderStatus.ACTIVE);
  agent.close();
  await waitFor(async () => (await now()).availability === njordr.ProviderAvailability.OFFLINE);
}

/** The workflow has priced the provider and waits for its device; nothing more happens by itself. */
async function quiet({ pool }: Market, deviceId: string): Promise<void> {
  await waitFor(async () => {
    const { rowCount } = await pool.query(
      `SELECT FROM providers JOIN provider_prices USING (provider_id) WHERE device_id = $1`,
      [deviceId],
    );
    return rowCount === 1;
  });
}
