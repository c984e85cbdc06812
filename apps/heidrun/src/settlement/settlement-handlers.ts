import { type heidrun } from '@edda/contracts';
import { type Handlers, parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { createBatchCalculateSettlement } from './batch-calculate-settlement.ts';
import { createGetSettlementHistory } from './get-settlement-history.ts';
import { figuresOf, logSettled } from './log-settled.ts';
import { createRefund, type RefundDeps } from './refund.ts';
import { splitCost } from './split-cost.ts';

export interface SettlementDeps extends RefundDeps {
  /** Commission where the request names none, basis points. */
  rateBps: () => number;
  onCalculation: (count: number) => void;
}

const schema = z.object({ requestId: fields.optionalId });

/** SettlementService: the stateless split, refunds, and the record of captures and refunds. */
export function createSettlementHandlers(deps: SettlementDeps): Handlers<typeof heidrun.SettlementServiceService> {
  return {
    calculateSettlement: async (request, ctx) => {
      parseWith(schema, request);
      const response = splitCost(request, deps.rateBps());
      deps.onCalculation(1);
      const inputs = { total_cost_cents: request.totalCostCents };
      logSettled(deps.logger, request.requestId || ctx.requestId, { ...inputs, ...figuresOf(response) });
      return response;
    },
    batchCalculateSettlement: createBatchCalculateSettlement(deps),
    refund: createRefund(deps),
    getSettlementHistory: createGetSettlementHistory(deps),
  };
}
