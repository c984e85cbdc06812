import { type heidrun } from '@edda/contracts';
import { type CallContext, type Handlers, parseWith } from '@edda/grpc-kit';
import { moneyFaults, settle } from '@edda/money';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { createGetSettlementHistory } from './get-settlement-history.ts';
import { createRefund, type RefundDeps } from './refund.ts';

export interface SettlementDeps extends RefundDeps {
  /** Commission where the request names none, basis points. */
  rateBps: () => number;
  onCalculation: (count: number) => void;
}

const single = z.object({ requestId: fields.optionalId });
const batch = z.object({
  requestId: fields.optionalId,
  items: z
    .array(z.object({ itemId: fields.optionalId }).loose())
    .min(1, 'needs an item')
    .max(10_000, 'has at most 10,000 items'),
});

/** SettlementService: the stateless split, refunds, and the record of captures and refunds. */
export function createSettlementHandlers(deps: SettlementDeps): Handlers<typeof heidrun.SettlementServiceService> {
  return {
    calculateSettlement: async (request, ctx) => {
      parseWith(single, request);
      const response = split(deps, request, '');
      deps.onCalculation(1);
      log(deps, ctx, request.requestId, { total_cost_cents: request.totalCostCents, ...figures(response) });
      return response;
    },
    batchCalculateSettlement: async (request, ctx) => {
      parseWith(batch, request);
      const results = request.items.map((item, index) => ({
        itemId: item.itemId,
        ...split(deps, item, `items.${index}.`),
      }));
      const sums = results.reduce(
        (sum, { providerEarningsCents, companyFeeCents }) => ({
          providerEarningsCents: sum.providerEarningsCents + providerEarningsCents,
          companyFeeCents: sum.companyFeeCents + companyFeeCents,
        }),
        { providerEarningsCents: 0n, companyFeeCents: 0n },
      );
      if (sums.providerEarningsCents >= 2n ** 63n || sums.companyFeeCents >= 2n ** 63n) {
        throw moneyFaults.AMOUNT_OVERFLOW('the sum over the items exceeds 64 bits');
      }
      deps.onCalculation(results.length);
      log(deps, ctx, request.requestId, { items: results.length, ...figures(sums) });
      logItems(deps, ctx, request, results);
      return { results, ...sums };
    },
    refund: createRefund(deps),
    getSettlementHistory: createGetSettlementHistory(deps),
  };
}

function split(
  deps: SettlementDeps,
  item: { totalCostCents: bigint; commissionRateBps?: number | undefined },
  path: string,
): heidrun.CalculateSettlementResponse {
  const commissionRateBps = item.commissionRateBps ?? deps.rateBps();
  if (item.totalCostCents < 0n) {
    const violation = { field: `${path}total_cost_cents`, description: 'must not be negative' };
    throw moneyFaults.AMOUNT_OUT_OF_RANGE(`${violation.field} ${violation.description}`, { violations: [violation] });
  }
  if (commissionRateBps < 1_000 || commissionRateBps > 1_500) {
    const violation = { field: `${path}commission_rate_bps`, description: 'must be 1,000 to 1,500' };
    throw moneyFaults.COMMISSION_RATE_OUT_OF_RANGE(`${violation.field} ${violation.description}`, {
      violations: [violation],
    });
  }
  return { ...settle(item.totalCostCents, BigInt(commissionRateBps)), commissionRateBps };
}

const figures = (result: { providerEarningsCents: bigint; companyFeeCents: bigint; commissionRateBps?: number }) => ({
  provider_earnings_cents: result.providerEarningsCents,
  company_fee_cents: result.companyFeeCents,
  ...(result.commissionRateBps !== undefined && { commission_rate_bps: result.commissionRateBps }),
});

function log({ logger }: SettlementDeps, ctx: CallContext, requestId: string, fields: object): void {
  if (logger.isLevelEnabled('info')) logger.info({ request_id: requestId || ctx.requestId, ...fields }, 'settled');
}

/** 10,000 lines for one call are for those who ask for them: at the level debug. */
function logItems(
  { logger }: SettlementDeps,
  ctx: CallContext,
  { items, requestId }: heidrun.BatchCalculateSettlementRequest,
  results: heidrun.BatchCalculateSettlementResponse['results'],
): void {
  if (!logger.isLevelEnabled('debug')) return;
  for (const [index, item] of items.entries()) {
    const result = results[index];
    if (result === undefined) continue;
    const inputs = { item_id: item.itemId, total_cost_cents: item.totalCostCents };
    logger.debug({ request_id: requestId || ctx.requestId, ...inputs, ...figures(result) }, 'item settled');
  }
}
