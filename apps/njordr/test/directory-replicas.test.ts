import { njordr } from '@edda/contracts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { MODEL, type OpenedReplicas, openReplicas } from './support/open-replicas.ts';

const redisUrl = inject('redisUrl');
const { AVAILABLE, MAINTENANCE } = njordr.ProviderAvailability;
let keys = 0;
const key = () => ({ idempotencyKey: `directory-${keys++}` });

/**
 * domain.md, Provider: routing follows a change within 100 ms on every replica while Redis is up, and within 1 s after
 * its loss. What it takes is printed; what must be so is that it happens.
 */
describe.skipIf(redisUrl === '')('a provider, changed at one replica, as the other one routes by it', () => {
  let open: OpenedReplicas;
  let asking: ReturnType<OpenedReplicas['client']>['compute'];
  beforeAll(async () => {
    // Its device says nothing between the changes, and is not to be missed meanwhile.
    open = await openReplicas(redisUrl, { link: { heartbeatIntervalMs: 60_000 } });
    asking = open.client(open.b).compute;
  });
  afterAll(() => (open as OpenedReplicas | undefined)?.close());

  /** Asks until it is so, with nothing in between but the question itself. @returns how long it took, ms */
  async function seen(isSo: () => Promise<boolean>): Promise<number> {
    const startedAt = performance.now();
    while (!(await isSo())) {
      if (performance.now() - startedAt > 30_000) throw new Error('the other replica never saw it');
    }
    return performance.now() - startedAt;
  }
  const parameters = { model: MODEL, prompt: 'Say something.', maxOutputTokens: 1_000n };
  /** What B would ask now, and for how much; nobody answers like nobody eligible. */
  async function quote() {
    const request = njordr.QuoteRequestRequest.fromPartial({ parameters });
    const { eligible, candidates } = await asking
      .quoteRequest(request)
      .catch(() => njordr.QuoteRequestResponse.fromPartial({}));
    return { eligible: Number(eligible), cents: candidates[0]?.estimatedCostCents };
  }
  const eligible = (count: number) => seen(async () => (await quote()).eligible === count);
  const ownerOf = (deviceId: string, at: OpenedReplicas['a']) =>
    open.client(at, `owner-${deviceId}`, ['provider'], 'net-p').providers;

  async function changesOf(deviceId: string, providerId: string, took: Map<string, number[]>): Promise<void> {
    const client = ownerOf(deviceId, open.a);
    const note = (what: string, ms: number) => void took.set(what, [...(took.get(what) ?? []), ms]);
    for (let round = 0; round < 5; round += 1) {
      const availability = { providerId, reason: 'a rest' };
      await client.setProviderAvailability({ ...key(), ...availability, availability: MAINTENANCE });
      note('paused', await eligible(0));
      await client.setProviderAvailability({ ...key(), ...availability, availability: AVAILABLE });
      note('resumed', await eligible(1));
      const before = (await quote()).cents;
      const configuration = { price: { priceCents: BigInt(100 + keys), priceUnitTokens: 1n } };
      await client.updateProvider(
        njordr.UpdateProviderRequest.fromPartial({ ...key(), providerId, configuration, updateMask: ['price'] }),
      );
      note('priced', await seen(async () => (await quote()).cents !== before));
    }
  }
  const report = (name: string, took: Map<string, number[]>) => {
    for (const [what, times] of took) {
      const sorted = times.toSorted((a, b) => a - b).map((ms) => ms.toFixed(0));
      console.log(`${name}: ${what} elsewhere after ${sorted[2]} ms (median of 5; ${sorted[0]} to ${sorted[4]})`);
    }
  };

  it.each(['with Redis', 'without Redis'])(
    '%s: registered, paused, resumed, priced, gone and unregistered',
    async (name) => {
      if (name === 'without Redis') open.redis.cut();
      const deviceId = `anvil-${name.replaceAll(' ', '-')}`;
      const agent = await open.agent(open.a, deviceId);
      await eligible(1);
      const took = new Map<string, number[]>();
      await changesOf(deviceId, agent.providerId, took);
      report(name, took);
      agent.close();
      await eligible(0);
      const again = await open.agent(open.a, deviceId);
      expect(again.providerId).toBe(agent.providerId);
      await eligible(1);
      // Taken off where its device is not connected: the other replica hangs up on it.
      const elsewhere = ownerOf(deviceId, open.b);
      await elsewhere.unregisterProvider({ ...key(), providerId: agent.providerId, reason: 'sold' });
      await eligible(0);
      await expect
        .poll(() => again.ended !== undefined || again.received.some(({ body }) => body?.$case === 'rejected'))
        .toBe(true);
      expect(await open.eligible(open.a)).toBe(0);
      open.redis.restore();
    },
  );
});
