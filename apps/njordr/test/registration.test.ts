import { njordr, nornen } from '@edda/contracts';
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

describe('registration', () => {
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
  const untilReason = (providerId: string, code: string) =>
    waitFor(async () => {
      const provider = await statusOf(providerId);
      return provider.statusReasonCode === code ? provider : undefined;
    });
  const eventsOf = async (providerId: string) => {
    const { rows } = await market.pool.query<{ type: string }>(
      'SELECT type FROM outbox_events WHERE subject = $1 ORDER BY sequence',
      [`provider:${providerId}`],
    );
    return rows.map(({ type }) => type);
  };

  it('payout method → price → connection test → decision → listed, each step an event in the outbox', async () => {
    const pending = await register();
    expect(pending).toMatchObject({ status: S.PENDING, availability: A.OFFLINE, payoutVerified: true });
    expect(market.state.checked).toEqual([{ userId: 'freya', subject: 'freya' }]);
    expect(market.providers.directory.offers('tiny')).toEqual([]);

    const agent = market.agent('anvil');
    const welcome = await agent.hello();
    expect(agent.providerId).toBe(pending.providerId);
    expect(welcome).toMatchObject({ heartbeatIntervalMs: 5_000, chunkWindow: 32 });
    const active = await untilStatus(pending.providerId, S.ACTIVE);

    expect(active).toMatchObject({ availability: A.AVAILABLE, priceVersion: 1n, agentVersion: '1.0.0' });
    expect(active.connectionTest).toMatchObject({ passed: true, ttftMs: 5 });
    expect(market.state.prices).toMatchObject([{ ownerId: 'freya', networkId: 'asgard', model: '', priceCents: 3n }]);
    expect(market.state.decided).toMatchObject([
      { connectionPassed: true, payoutVerified: true, latencyMs: active.connectionTest!.latencyMs },
    ]);
    expect(market.providers.directory.offer(pending.providerId, 'tiny')).toMatchObject({
      available: true,
      priceVersion: 1n,
      price: { priceCents: 3n, unitTokens: 1_000n },
      capacity: 2,
      ttftEwmaMs: 5,
    });
    expect(await eventsOf(pending.providerId)).toEqual([
      'provider.registered',
      'provider.tested',
      'provider.approved',
      'provider.activated',
    ]);
  });

  it('an owner who could not be paid is refused with PAYMENT_METHOD_REQUIRED and nothing is stored', async () => {
    market.state.payoutReady = false;
    await expect(register()).rejects.toMatchObject({ kind: 'precondition', reason: 'PAYMENT_METHOD_REQUIRED' });
    expect((await market.pool.query('SELECT FROM providers')).rowCount).toBe(0);
  });

  it('a first Hello registers the device; without a payout method it waits for one', async () => {
    market.state.payoutReady = false;
    const agent = market.agent('anvil');
    const welcome = await agent.hello();
    expect(welcome.status).toBe(S.PENDING);
    await untilReason(agent.providerId, 'PAYOUT_METHOD_REQUIRED');
    market.state.payoutReady = true;
    const active = await untilStatus(agent.providerId, S.ACTIVE);
    expect(active.configuration?.displayName).toBe('anvil');
  });

  it('a failed connection test leaves it PENDING with the reason, and is repeated on reconnect', async () => {
    const { providerId } = await register();
    const first = market.agent('anvil');
    first.probeAnswer = { error: 'the upstream is down' };
    await first.hello();
    const failed = await untilReason(providerId, 'CONNECTION_TEST_FAILED');
    expect(failed).toMatchObject({
      status: S.PENDING,
      connectionTest: { passed: false, detail: 'the upstream is down' },
    });
    expect(market.state.decided).toEqual([]);
    first.close();

    await market.agent('anvil').hello();
    await untilStatus(providerId, S.ACTIVE);
  });

  it('a test that is not answered in time has failed', async () => {
    market.settings.providers.connectionTestTimeoutMs = 100;
    const { providerId } = await register();
    const agent = market.agent('anvil');
    agent.probeAnswer = undefined;
    await agent.hello();
    const failed = await untilReason(providerId, 'CONNECTION_TEST_FAILED');
    expect(failed.connectionTest?.detail).toBe('no answer within 100 ms');
  });

  it('REJECTED carries Nornen’s reason; registering again resubmits and is decided anew', async () => {
    market.state.decision = { outcome: nornen.DecisionOutcome.DENIED, reason: 'Too expensive.' };
    const { providerId } = await register();
    const agent = market.agent('anvil');
    await agent.hello();
    const rejected = await untilStatus(providerId, S.REJECTED);
    expect(rejected).toMatchObject({ statusReason: 'Too expensive.', statusReasonCode: 'POLICY' });
    expect(rejected.decisionId).not.toBe('');
    expect(market.providers.directory.offers('tiny')).toEqual([]);

    market.state.decision = { outcome: nornen.DecisionOutcome.APPROVED, reason: '' };
    const again = await register('anvil', {
      price: { priceCents: 2n, outputPriceCents: undefined, priceUnitTokens: 0n },
    });
    expect(again.providerId).toBe(providerId);
    expect(again).toMatchObject({ statusReason: '' });
    await untilStatus(providerId, S.ACTIVE);
    const [before, after] = market.state.decided;
    expect(after!.idempotencyKey).not.toBe(before!.idempotencyKey);
    expect(after!.models[0]!.priceCents).toBe(2n);
  });

  it('a review leaves it PENDING', async () => {
    market.state.decision = { outcome: nornen.DecisionOutcome.REVIEW, reason: 'High latency.' };
    const { providerId } = await register();
    await market.agent('anvil').hello();
    expect(await untilReason(providerId, 'IN_REVIEW')).toMatchObject({
      status: S.PENDING,
      statusReason: 'High latency.',
    });
  });

  it('goes on where it stopped after a restart', async () => {
    market.state.pricingDown = true;
    const { providerId } = await register();
    await market.restart();
    market.state.pricingDown = false;
    await market.agent('anvil').hello();
    await untilStatus(providerId, S.ACTIVE);
    expect(market.state.prices).toHaveLength(1);
    await market.restart();
    expect(market.providers.directory.offer(providerId, 'tiny')).toMatchObject({ available: false, priceVersion: 1n });
  });

  it('the same idempotency key registers once; other content under it is a conflict', async () => {
    const client = market.client('freya');
    const same = request('anvil');
    const [first, second] = await Promise.all([client.registerProvider(same), client.registerProvider(same)]);
    expect(second.provider!.providerId).toBe(first.provider!.providerId);
    await expect(client.registerProvider({ ...same, deviceId: 'other' })).rejects.toMatchObject({
      reason: 'IDEMPOTENCY_CONFLICT',
    });
  });

  it('a device is registered once per network, whoever asks', async () => {
    const { providerId } = await register();
    await expect(register()).rejects.toMatchObject({
      reason: 'PROVIDER_ALREADY_REGISTERED',
      metadata: { provider_id: providerId },
    });
    const stranger = market.client('loki').registerProvider(request('anvil'));
    await expect(stranger).rejects.toMatchObject({ reason: 'PROVIDER_ALREADY_REGISTERED', metadata: {} });
    const elsewhere = await market.client('loki', { networkId: 'jotunheim' }).registerProvider(request('anvil'));
    expect(elsewhere.provider!.providerId).not.toBe(providerId);
  });

  it('an owner may have only so many', async () => {
    market.settings.providers.maxPerOwner = 1;
    await register('anvil');
    await expect(register('hammer')).rejects.toMatchObject({ reason: 'PROVIDER_LIMIT_REACHED' });
  });

  it.each([
    ['no models', { models: [] }, 'configuration.models'],
    ['a model named twice', { models: [testModel, testModel] as never }, 'configuration.models.1.model'],
    [
      'a negative price',
      { price: { priceCents: -1n, priceUnitTokens: 1_000n } as never },
      'configuration.price.price_cents',
    ],
    [
      'a price above 10^9',
      { price: { priceCents: 10n ** 9n + 1n, priceUnitTokens: 0n } as never },
      'configuration.price.price_cents',
    ],
    ['no price at all', { price: undefined }, 'configuration.models.0.price'],
    ['no capacity', { capacity: { maxParallelRequests: 0 } as never }, 'configuration.capacity.max_parallel_requests'],
    [
      'an unknown time zone',
      { availability: { accepting: true, windows: [], timeZone: 'Mars/Base' } },
      'configuration.availability.time_zone',
    ],
  ])('refuses %s, naming the field', async (_, more, field) => {
    const refused = register('anvil', more);
    await expect(refused).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations: [{ field }] });
  });
});
