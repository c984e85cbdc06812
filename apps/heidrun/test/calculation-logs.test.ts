import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  captureRequest,
  counted,
  holdRequest,
  setPrice,
  startHeidrun,
  type TestHeidrun,
} from './support/start-heidrun.ts';

let service: TestHeidrun;
beforeAll(async () => {
  service = await startHeidrun();
  service.log.logger.setLevels({ level: 'info', modules: { settlement: 'debug' } });
  await setPrice(service, 'p-1');
});
afterAll(() => service.close());

/** The request id of the one calculation that a case makes. */
type Calculation = (requestId: string) => Promise<unknown>;

const prices = { price_cents: 3, price_unit_tokens: 1_000, price_version: 1 };

const calculations: [name: string, module: string, line: string, figures: object, run: Calculation][] = [
  [
    ...(['CountTokens', 'tokens', 'tokens counted'] as const),
    { model: 'gpt-4o', input_tokens: 2, output_tokens: 7, total_tokens: 9, tokenizer: 'o200k_base' },
    (requestId) =>
      service.client(heidrun.TokenServiceService).countTokens(
        heidrun.CountTokensRequest.fromPartial({
          ...{ requestId, providerId: 'p-1', model: 'gpt-4o' },
          input: { $case: 'inputText', value: 'hello world' },
          output: { $case: 'outputTokens', value: 7n },
        }),
      ),
  ],
  [
    ...(['CalculatePricing', 'pricing', 'priced'] as const),
    { provider_id: 'p-1', input_tokens: 1_000, output_tokens: 234, ...prices, total_cost_cents: 4 },
    (requestId) =>
      service.pricing.calculatePricing(
        heidrun.CalculatePricingRequest.fromPartial({
          ...{ requestId, providerId: 'p-1', model: 'gpt-4o' },
          amount: { $case: 'split', value: { inputTokens: 1_000n, outputTokens: 234n } },
        }),
      ),
  ],
  [
    ...(['QuoteCost', 'pricing', 'quoted'] as const),
    { input_tokens: 1_000, max_output_tokens: 1_000, ...prices, counting: 'REPORTED', estimated_cost_cents: 6 },
    (requestId) =>
      service.pricing.quoteCost(
        heidrun.QuoteCostRequest.fromPartial({
          ...{ requestId, providerId: 'p-1', model: 'gpt-4o', maxOutputTokens: 1_000n },
          input: { $case: 'inputTokens', value: 1_000n },
        }),
      ),
  ],
  [
    ...(['CalculateSettlement', 'settlement', 'settled'] as const),
    { total_cost_cents: 101, commission_rate_bps: 1_500, company_fee_cents: 15, provider_earnings_cents: 86 },
    (requestId) =>
      service
        .client(heidrun.SettlementServiceService)
        .calculateSettlement(heidrun.CalculateSettlementRequest.fromPartial({ requestId, totalCostCents: 101n })),
  ],
  [
    ...(['BatchCalculateSettlement', 'settlement', 'settled'] as const),
    { items: 2, company_fee_cents: 16, provider_earnings_cents: 95 },
    settleBatch,
  ],
  [
    ...(['each item of a batch, at debug', 'settlement', 'item settled'] as const),
    { item_id: 'a', total_cost_cents: 101, commission_rate_bps: 1_500, company_fee_cents: 15 },
    settleBatch,
  ],
  [
    ...(['PreAuthorize', 'preauth', 'held'] as const),
    {
      ...{ input_tokens: 1_000, output_budget_tokens: 1_000, held_cents: 6, commission_rate_bps: 1_500 },
      candidates: [{ provider_id: 'p-1', ...prices, estimated_cents: 6 }],
    },
    async (requestId) =>
      service.preAuth.preAuthorize(holdRequest(await service.requester(100n), ['p-1'], { requestId })),
  ],
  [
    ...(['CapturePreAuth', 'preauth', 'captured'] as const),
    {
      ...{ cost_cents: 4, held_cents: 6, captured_cents: 4, released_cents: 2, carry_before: 0, carry_after: 6_000 },
      legs: [{ provider_id: 'p-1', input_tokens: 1_000, output_tokens: 234, price_version: 1, price_cents: 3 }],
    },
    async (requestId) => {
      const user = await service.requester(100n);
      const { preauthId } = await service.preAuth.preAuthorize(holdRequest(user, ['p-1'], { requestId: randomUUID() }));
      const request = captureRequest(preauthId, [{ providerId: 'p-1', ...counted(1_000n, 234n) }], { requestId });
      return service.preAuth.capturePreAuth(request);
    },
  ],
];

function settleBatch(requestId: string) {
  const items = [
    { itemId: 'a', totalCostCents: 101n },
    { itemId: 'b', totalCostCents: 10n },
  ];
  return service
    .client(heidrun.SettlementServiceService)
    .batchCalculateSettlement(heidrun.BatchCalculateSettlementRequest.fromPartial({ requestId, items }));
}

it.each(calculations)(
  'domain.md, audit: %s is a log line with its request id and every figure',
  async (_, module, msg, figures, run) => {
    const requestId = randomUUID();
    await run(requestId);
    const lines = service.log.records.filter((line) => line['request_id'] === requestId && line['msg'] === msg);
    expect(lines[0]).toMatchObject({ module, ...figures });
  },
);
