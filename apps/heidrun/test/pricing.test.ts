import { randomUUID } from 'node:crypto';
import { common, heidrun } from '@edda/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setPrice, startHeidrun, type TestHeidrun } from './support/start-heidrun.ts';

let service: TestHeidrun;
beforeAll(async () => {
  service = await startHeidrun();
});
afterAll(() => service.close());

const calculate = (providerId: string, tokens: bigint, more: Partial<heidrun.CalculatePricingRequest> = {}) =>
  service.pricing.calculatePricing({
    requestId: 'r-1',
    providerId,
    model: 'gpt-4o',
    amount: { $case: 'tokens', value: tokens },
    ...more,
  });

describe('CalculatePricing', () => {
  it('multiplies first and rounds up once: 1,234 tokens at 3 ct per 1,000 are 4 ct', async () => {
    await setPrice(service, 'p-1');
    expect(await calculate('p-1', 1_234n)).toMatchObject({ totalCostCents: 4n, priceVersion: 1n });
    expect(await calculate('p-1', 0n)).toMatchObject({ totalCostCents: 0n });
  });

  it('sums input and output at their own prices before the one rounding', async () => {
    await setPrice(service, 'p-two', { priceCents: 1n, outputPriceCents: 2n });
    const amount = { $case: 'split', value: { inputTokens: 100n, outputTokens: 200n } } as const;
    expect(await calculate('p-two', 0n, { amount })).toMatchObject({ totalCostCents: 1n });
  });

  it('follows a price change at once, keeps old versions, and falls back to the price for every model', async () => {
    await setPrice(service, 'p-change', { model: '' });
    expect(await calculate('p-change', 1_000n)).toMatchObject({ totalCostCents: 3n });
    await setPrice(service, 'p-change', { priceCents: 7n });
    expect(await calculate('p-change', 1_000n)).toMatchObject({ totalCostCents: 7n });
    await setPrice(service, 'p-change', { priceCents: 8n });
    expect(await calculate('p-change', 1_000n, { priceVersion: 1n })).toMatchObject({ totalCostCents: 7n });
    expect(await calculate('p-change', 1_000n, { model: 'other' })).toMatchObject({ totalCostCents: 3n });
  });

  it('sees another replica’s change after the cache’s life, and asks the database only then', async () => {
    const clock = service.clock;
    await setPrice(service, 'p-replica');
    expect(await calculate('p-replica', 1_000n)).toMatchObject({ totalCostCents: 3n });
    await service.database.pool.query(
      `INSERT INTO prices SELECT 'other-replica', provider_id, model, 2, 9, NULL, unit_tokens, valid_from, owner_id,
         network_id, created_at FROM prices WHERE provider_id = 'p-replica'`,
    );
    clock.advance(999);
    expect(await calculate('p-replica', 1_000n)).toMatchObject({ totalCostCents: 3n });
    clock.advance(1);
    expect(await calculate('p-replica', 1_000n)).toMatchObject({ totalCostCents: 9n });
  });

  it('logs every calculation with its request id and figures', async () => {
    await setPrice(service, 'p-log');
    await calculate('p-log', 2_000n, { requestId: 'r-logged' });
    const line = service.log.records.find((record) => record['request_id'] === 'r-logged');
    expect(line).toMatchObject({
      module: 'pricing',
      msg: 'priced',
      provider_id: 'p-log',
      price_version: 1,
      total_tokens: 2_000,
      total_cost_cents: 6,
    });
  });
});

describe('SetPricingConfig', () => {
  it('stores a version once per key, gapless under parallel calls, for one owner', async () => {
    const set = (more: Partial<heidrun.SetPricingConfigRequest>) => setPrice(service, 'p-set', more);
    const key = randomUUID();
    const repeated = await Promise.all([1, 2, 3].map(() => set({ idempotencyKey: key })));
    expect(repeated.map((config) => config?.priceVersion)).toEqual([1n, 1n, 1n]);
    const versions = await Promise.all(Array.from({ length: 10 }, (_, i) => set({ priceCents: BigInt(i) })));
    expect(versions.map((config) => Number(config?.priceVersion)).sort((a, b) => a - b)).toEqual([
      2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ]);
    await expect(set({ idempotencyKey: key, priceCents: 99n })).rejects.toMatchObject({
      reason: 'IDEMPOTENCY_CONFLICT',
    });
    await expect(set({ ownerId: 'thief' })).rejects.toMatchObject({ reason: 'OWNER_MISMATCH' });
    await expect(set({ expectedVersion: 3n })).rejects.toMatchObject({ reason: 'VERSION_CONFLICT' });
    await expect(set({ priceCents: -1n })).rejects.toMatchObject({
      reason: 'PRICE_OUT_OF_RANGE',
      violations: [{ field: 'price_cents' }],
    });
  });

  it('Idempotency: a retry gets the first answer, however late it comes', async () => {
    const once = { idempotencyKey: randomUUID(), validFrom: service.clock.now() };
    const first = await setPrice(service, 'p-retry', once);
    service.clock.advance(5_000);
    expect(await setPrice(service, 'p-retry', once)).toEqual(first);
    const late = setPrice(service, 'p-retry', { validFrom: once.validFrom });
    await expect(late).rejects.toMatchObject({ violations: [{ field: 'valid_from' }] });
  });

  it('lets a price begin later', async () => {
    await setPrice(service, 'p-later');
    const validFrom = new Date(service.clock.now().getTime() + 60_000);
    await setPrice(service, 'p-later', { priceCents: 50n, validFrom });
    expect(await calculate('p-later', 1_000n)).toMatchObject({ totalCostCents: 3n });
    service.clock.advance(60_000);
    expect(await calculate('p-later', 1_000n)).toMatchObject({ totalCostCents: 50n });
  });
});

describe('GetPricingConfig and ListPricingConfigs', () => {
  it('list what is in force, or every version, page by page', async () => {
    for (const priceCents of [5n, 4n]) await setPrice(service, 'p-list', { priceCents });
    await setPrice(service, 'p-list', { priceCents: 2n, model: '' });
    const list = async (includeHistory: boolean) => {
      const found: [string, bigint, bigint][] = [];
      let pageToken = '';
      do {
        const page = await service.pricing.listPricingConfigs({
          ...{ pageSize: 1, pageToken, orderBy: 'price_cents asc', providerId: 'p-list', includeHistory },
        });
        found.push(...page.configs.map((c): [string, bigint, bigint] => [c.model, c.priceVersion, c.priceCents]));
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      return found;
    };
    expect(await list(false)).toEqual([
      ['', 1n, 2n],
      ['gpt-4o', 2n, 4n],
    ]);
    expect(await list(true)).toHaveLength(3);
    const { config } = await service.pricing.getPricingConfig({ providerId: 'p-list', model: 'gpt-4o' });
    expect(config).toMatchObject({ priceVersion: 2n, ownerId: 'owner-of-p-list', priceUnitTokens: 1_000n });
  });
});

describe('QuoteCost', () => {
  it('prices the counted input and the whole output budget', async () => {
    await setPrice(service, 'p-quote', { priceCents: 1n, priceUnitTokens: 1n });
    const quote = await service.pricing.quoteCost({
      requestId: '',
      providerId: 'p-quote',
      model: 'gpt-4o',
      input: { $case: 'prompt', value: 'hello world' },
      maxOutputTokens: 10n,
    });
    expect(quote).toMatchObject({
      estimatedCostCents: 12n,
      estimatedTokens: 12n,
      inputTokens: 2n,
      method: common.TokenMethod.EXACT,
    });
  });
});

describe('CalculateSettlement', () => {
  it('rounds the fee down and gives the rest to the provider', async () => {
    const settlement = service.client(heidrun.SettlementServiceService, { subject: 'anna', roles: ['user'] });
    expect(await settlement.calculateSettlement({ requestId: '', totalCostCents: 371n })).toEqual({
      companyFeeCents: 55n,
      providerEarningsCents: 316n,
      commissionRateBps: 1_500,
    });
    const items = Array.from({ length: 1_000 }, (_, i) => ({ itemId: String(i), totalCostCents: 10n }));
    const batch = await settlement.batchCalculateSettlement({ requestId: '', items });
    expect(batch).toMatchObject({ companyFeeCents: 1_000n, providerEarningsCents: 9_000n });
    const refused = settlement.calculateSettlement({ requestId: '', totalCostCents: 1n, commissionRateBps: 1_501 });
    await expect(refused).rejects.toMatchObject({ reason: 'COMMISSION_RATE_OUT_OF_RANGE' });
    await expect(settlement.calculateSettlement({ requestId: '', totalCostCents: -1n })).rejects.toMatchObject({
      violations: [{ field: 'total_cost_cents' }],
    });
  });
});

describe('BatchCalculateSettlement', () => {
  const batch = (items: { itemId?: string; totalCostCents?: bigint; commissionRateBps?: number }[]) =>
    service
      .client(heidrun.SettlementServiceService, { subject: 'anna', roles: ['user'] })
      .batchCalculateSettlement(heidrun.BatchCalculateSettlementRequest.fromPartial({ items }));

  it('refuses a bad item alone, with reason and field, and sums up the others', async () => {
    const answer = await batch([
      { itemId: 'a', totalCostCents: 371n },
      { itemId: 'b', totalCostCents: -1n },
      { itemId: 'c', totalCostCents: 1n, commissionRateBps: 1_501 },
      { itemId: 'x'.repeat(129), totalCostCents: 1n },
      { itemId: 'e', totalCostCents: 100n, commissionRateBps: 1_000 },
    ]);
    const nothing = { providerEarningsCents: 0n, companyFeeCents: 0n, commissionRateBps: 0 };
    expect(answer).toMatchObject({ refused: 3, providerEarningsCents: 406n, companyFeeCents: 65n });
    expect(answer.results).toMatchObject([
      { itemId: 'a', providerEarningsCents: 316n, companyFeeCents: 55n, commissionRateBps: 1_500, error: undefined },
      { itemId: 'b', ...nothing, error: { reason: 'AMOUNT_OUT_OF_RANGE', field: 'items.1.total_cost_cents' } },
      {
        ...{ itemId: 'c', ...nothing },
        error: { reason: 'COMMISSION_RATE_OUT_OF_RANGE', field: 'items.2.commission_rate_bps' },
      },
      { itemId: '', ...nothing, error: { reason: 'INVALID_INPUT', field: 'items.3.item_id' } },
      { itemId: 'e', providerEarningsCents: 90n, companyFeeCents: 10n, commissionRateBps: 1_000, error: undefined },
    ]);
  });

  it('takes 10,000 items, and refuses none and more as a whole', async () => {
    const items = Array.from({ length: 10_000 }, (_, i) => ({ itemId: String(i), totalCostCents: BigInt(i) }));
    const { results, refused, providerEarningsCents, companyFeeCents } = await batch(items);
    expect({ refused, sum: providerEarningsCents + companyFeeCents }).toEqual({ refused: 0, sum: 49_995_000n });
    expect(results.map(({ itemId }) => itemId)).toEqual(items.map(({ itemId }) => itemId));
    for (const [index, result] of results.entries()) {
      expect(result.companyFeeCents).toBe((BigInt(index) * 15n) / 100n);
    }
    for (const wrong of [[], [...items, { totalCostCents: 1n }]]) {
      await expect(batch(wrong)).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations: [{ field: 'items' }] });
    }
  });

  it('refuses sums beyond 64 bits, where each item alone would do', async () => {
    const item = { totalCostCents: 2n ** 63n - 1n };
    expect(await batch([item])).toMatchObject({ refused: 0 });
    await expect(batch([item, item])).rejects.toMatchObject({ reason: 'AMOUNT_OVERFLOW' });
  });
});
