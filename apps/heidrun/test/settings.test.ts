import { randomUUID } from 'node:crypto';
import { heidrun, settings as contract } from '@edda/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  captureRequest,
  counted,
  holdRequest,
  setPrice,
  startHeidrun,
  type TestHeidrun,
} from './support/start-heidrun.ts';

let service: TestHeidrun;
let requesterId: string;
let providerId: string;
beforeAll(async () => {
  service = await startHeidrun();
  requesterId = await service.requester(1_000_000n);
  providerId = `p-${randomUUID()}`;
  await setPrice(service, providerId, { priceCents: 1_000n });
});
afterAll(() => service.close());

const update = (to: TestHeidrun, values: Readonly<Record<string, unknown>>) =>
  to.client(contract.SettingsServiceService, { subject: 'ada', roles: ['admin'] }).updateSettings({
    ...{ idempotencyKey: randomUUID(), reason: 'a test', expectedVersion: undefined, validateOnly: false },
    changes: Object.entries(values).map(([path, value]) => ({ path, valueJson: JSON.stringify(value) })),
  });

const hold = (more: Partial<heidrun.PreAuthorizeRequest> = {}) =>
  service.preAuth.preAuthorize(holdRequest(requesterId, [providerId], more));
const capture = (preauthId: string) =>
  service.preAuth.capturePreAuth(captureRequest(preauthId, [{ providerId, ...counted(1_000n, 1_000n) }]));

describe('a setting changed while Heidrun runs', () => {
  it('commission: new holds pin the new rate, older ones are captured at theirs', async () => {
    await update(service, { 'commission.rateBps': 1_500 });
    const before = await hold();
    await update(service, { 'commission.rateBps': 1_000 });
    const after = await hold();
    expect([before.commissionRateBps, after.commissionRateBps]).toEqual([1_500, 1_000]);
    const settled = [await capture(before.preauthId), await capture(after.preauthId)];
    expect(settled.map(({ commissionRateBps }) => commissionRateBps)).toEqual([1_500, 1_000]);
    const [old, young] = settled;
    expect([old?.capturedCents, young?.capturedCents]).toEqual([2_000n, 2_000n]);
    expect([old?.companyFeeCents, young?.companyFeeCents]).toEqual([300n, 200n]);
  });

  it('commission: what is no rate is refused, and dropping the change brings the default back', async () => {
    await update(service, { 'commission.rateBps': 1_300 });
    for (const rate of [999, 1_501, 1_200.5, '1200']) {
      await expect(update(service, { 'commission.rateBps': rate })).rejects.toMatchObject({
        violations: [{ field: 'commission.rateBps' }],
      });
    }
    expect((await hold()).commissionRateBps).toBe(1_300);
    await update(service, { 'commission.rateBps': null });
    expect((await hold()).commissionRateBps).toBe(1_500);
  });

  it('limits: the life of new holds follows it at once', async () => {
    await update(service, { 'holds.ttlSeconds': 1_200 });
    const { expiresAt } = await hold();
    expect((expiresAt?.getTime() ?? 0) - service.clock.now().getTime()).toBe(1_200_000);
  });

  it('limits: one that contradicts another is refused and changes nothing', async () => {
    await expect(update(service, { 'holds.ttlSeconds': 1 })).rejects.toMatchObject({
      violations: [{ field: 'holds.ttlSeconds' }],
    });
  });

  it('bounds of prices: refuse what lies outside, whatever the unit, and leave stored prices alone', async () => {
    const id = `p-${randomUUID()}`;
    const set = (price: Partial<heidrun.SetPricingConfigRequest>) => setPrice(service, id, price);
    await set({ priceCents: 9_000n, priceUnitTokens: 1_000n });
    await update(service, { 'pricing.minCentsPerMillion': 10, 'pricing.maxCentsPerMillion': 5_000 });
    expect(await set({ priceCents: 5n, priceUnitTokens: 1_000n })).toMatchObject({ priceVersion: 2n });
    expect(await set({ priceCents: 10n, priceUnitTokens: 1_000_000n })).toMatchObject({ priceVersion: 3n });
    const metadata = { min_cents_per_million: '10', max_cents_per_million: '5000' };
    const refusals = [
      [{ priceCents: 6n, priceUnitTokens: 1_000n }, 'price_cents'],
      [{ priceCents: 9n, priceUnitTokens: 1_000_000n }, 'price_cents'],
      [{ priceCents: 5n, outputPriceCents: 6n, priceUnitTokens: 0n }, 'output_price_cents'],
      [{ priceCents: 5n, outputPriceCents: 0n }, 'output_price_cents'],
    ] as const;
    for (const [price, field] of refusals) {
      const refused = { reason: 'PRICE_AGAINST_POLICY', metadata, violations: [{ field }] };
      await expect(set(price)).rejects.toMatchObject(refused);
    }
    const first = { providerId: id, model: 'gpt-4o', priceVersion: 1n };
    expect((await service.pricing.getPricingConfig(first)).config?.priceCents).toBe(9_000n);
    const crossed = update(service, { 'pricing.minCentsPerMillion': 5_001 });
    await expect(crossed).rejects.toMatchObject({ violations: [{ field: 'pricing.minCentsPerMillion' }] });
  });

  it('token table: the next count uses it, an unknown encoding is refused', async () => {
    const tokens = service.client(heidrun.TokenServiceService);
    const text = 'Grüße aus Ásgarðr, 日本語';
    const request = heidrun.CountTokensRequest.fromPartial({
      ...{ model: 'house-model', input: { $case: 'inputText', value: text } },
    });
    const count = () => tokens.countTokens(request);
    const before = await count();
    await update(service, { 'tokens.calibration': { 'house-*': 2_000 } });
    const calibrated = await count();
    expect(calibrated.inputTokens).toBe(before.inputTokens * 2n);
    await update(service, { 'tokens.table': { 'house-*': 'cl100k_base' } });
    expect((await count()).tokenizer).toBe('cl100k_base');
    await expect(update(service, { 'tokens.table': { 'house-*': 'no-such' } })).rejects.toMatchObject({
      violations: [{ field: 'tokens.table' }],
    });
    expect((await count()).tokenizer).toBe('cl100k_base');
  });

  it('token table: a hold keeps the figures it was made with', async () => {
    await update(service, { 'tokens.table': {}, 'tokens.calibration': {} });
    const counting = { $case: 'prompt', value: 'Grüße aus Ásgarðr, 日本語' } as const;
    const before = await hold({ tokens: counting });
    await update(service, { 'tokens.table': { 'gpt-4o': 'cl100k_base' } });
    const { preauth } = await service.preAuth.getPreAuth({ key: { $case: 'preauthId', value: before.preauthId } });
    expect(preauth?.inputTokens).toBe(before.inputTokens);
    const after = await hold({ tokens: counting });
    expect([before.tokenizer, after.tokenizer]).toEqual(['o200k_base', 'cl100k_base']);
  });
});

describe('a setting that takes effect with a restart', () => {
  it('is not in force until then, and is afterwards', async () => {
    const first = await startHeidrun({ settings: { database: {} } });
    const admin = { subject: 'ada', roles: ['admin'] } as const;
    const read = async (of: TestHeidrun) =>
      (await of.client(contract.SettingsServiceService, admin).getSettings({ pathPrefix: 'outbox.maxPending' }))
        .snapshot?.settings[0];
    try {
      const { restartPendingPaths } = await update(first, { 'outbox.maxPending': 7 });
      expect(restartPendingPaths).toEqual(['outbox.maxPending']);
      expect(await read(first)).toMatchObject({ valueJson: '100000', restartPending: true, pendingJson: '7' });
    } finally {
      await first.stop();
    }
    const second = await startHeidrun({ beside: first.database });
    try {
      expect(await read(second)).toMatchObject({ valueJson: '7', restartPending: false });
    } finally {
      await second.close();
      await first.database.drop();
    }
  });
});
