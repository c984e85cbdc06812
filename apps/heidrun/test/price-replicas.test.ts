import { startTcpProxy, waitFor } from '@edda/testing';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { setPrice, startHeidrun, type TestHeidrun } from './support/start-heidrun.ts';

const redisUrl = inject('redisUrl');

/** Two replicas on one database; the second one reaches Redis through a wire that can be cut. */
async function setUp() {
  const proxy = await startTcpProxy(redisUrl);
  onTestFinished(() => proxy.close());
  const one = await startHeidrun({ redisUrl });
  onTestFinished(() => one.close());
  const two = await startHeidrun({ redisUrl: `redis://127.0.0.1:${proxy.port}`, beside: one.database });
  onTestFinished(() => two.close());
  return { one, two, proxy };
}

const costAt = async ({ pricing }: TestHeidrun, providerId: string) => {
  const amount = { $case: 'tokens', value: 1_000n } as const;
  const { totalCostCents } = await pricing.calculatePricing({ requestId: '', providerId, model: 'gpt-4o', amount });
  return totalCostCents;
};

describe.skipIf(redisUrl === '')('a price change', () => {
  it('is priced with by another replica at once while Redis is up: its own time stands still here', async () => {
    const { one, two } = await setUp();
    await setPrice(one, 'p', { priceCents: 3n });
    expect(await costAt(two, 'p')).toBe(3n);
    await setPrice(one, 'p', { priceCents: 7n });
    await waitFor(async () => (await costAt(two, 'p')) === 7n, { what: 'the new price' });
  });

  it('is seen within the cache’s life without Redis, and at once again after its return', async () => {
    const { one, two, proxy } = await setUp();
    await setPrice(one, 'p', { priceCents: 3n });
    expect(await costAt(two, 'p')).toBe(3n);
    proxy.cut();
    await waitFor(() => two.log.text().includes('Redis is lost'));
    await setPrice(one, 'p', { priceCents: 7n });
    expect(await costAt(two, 'p')).toBe(3n);
    two.clock.advance(1_000);
    expect(await costAt(two, 'p')).toBe(7n);
    await setPrice(one, 'p', { priceCents: 8n });
    proxy.restore();
    // What was missed meanwhile is read anew.
    await waitFor(async () => (await costAt(two, 'p')) === 8n, { what: 'the price set meanwhile' });
  });
});
