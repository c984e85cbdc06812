import { setImmediate as nextTurn } from 'node:timers/promises';
import { type heidrun } from '@edda/contracts';
import { Fault, invalidInput } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { INT64_MAX, moneyFaults } from '@edda/money';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { figuresOf, logSettled } from './log-settled.ts';
import { type SettlementDeps } from './settlement-handlers.ts';
import { splitCost } from './split-cost.ts';

const MAX_ITEMS = 10_000;
const MAX_ID_LENGTH = 128;
/** Items between two turns of the event loop: about half a millisecond, which other calls do not notice. */
export const ITEMS_PER_TURN = 500;

type Response = heidrun.BatchCalculateSettlementResponse;
type Result = heidrun.SettlementResult;
type BatchDeps = Pick<SettlementDeps, 'rateBps' | 'onCalculation' | 'logger'>;

/** The items are looked at one by one: what is wrong with one refuses that one alone. */
const schema = z.object({
  requestId: fields.optionalId,
  items: z
    .custom<readonly unknown[]>(Array.isArray)
    .refine((items) => items.length > 0, 'needs an item')
    .refine((items) => items.length <= MAX_ITEMS, 'has at most 10,000 items'),
});

/** BatchCalculateSettlement: up to 10,000 costs, each split for itself, without keeping other calls waiting. */
export function createBatchCalculateSettlement(deps: BatchDeps) {
  return async (request: heidrun.BatchCalculateSettlementRequest, ctx: CallContext): Promise<Response> => {
    parseWith(schema, request);
    // One rate for the whole call, should the setting change between two turns.
    const rateBps = deps.rateBps();
    const response: Response = { results: [], providerEarningsCents: 0n, companyFeeCents: 0n, refused: 0 };
    for (let begun = 0; begun < request.items.length; begun += ITEMS_PER_TURN) {
      if (begun > 0) await nextTurn();
      ctx.signal.throwIfAborted();
      splitSome(response, request.items.slice(begun, begun + ITEMS_PER_TURN), rateBps);
    }
    if (response.providerEarningsCents > INT64_MAX || response.companyFeeCents > INT64_MAX) {
      throw moneyFaults.AMOUNT_OVERFLOW('the sum over the items exceeds 64 bits');
    }
    deps.onCalculation(response.results.length - response.refused);
    const requestId = request.requestId || ctx.requestId;
    logSettled(deps.logger, requestId, {
      ...{ items: response.results.length, refused: response.refused },
      ...figuresOf(response),
    });
    logItems(deps, requestId, request.items, response.results);
    return response;
  };
}

/** Adds the results of the next items to the response. */
function splitSome(response: Response, items: readonly heidrun.SettlementItem[], rateBps: number): void {
  for (const item of items) {
    const result = resultOf(item, rateBps, response.results.length);
    response.results.push(result);
    response.providerEarningsCents += result.providerEarningsCents;
    response.companyFeeCents += result.companyFeeCents;
    if (result.error !== undefined) response.refused += 1;
  }
}

function resultOf(item: heidrun.SettlementItem, rateBps: number, index: number): Result {
  const { itemId } = item;
  try {
    if (itemId.length > MAX_ID_LENGTH) throw idTooLong(index);
    const { providerEarningsCents, companyFeeCents, commissionRateBps } = splitCost(item, rateBps, `items.${index}.`);
    return { itemId, providerEarningsCents, companyFeeCents, commissionRateBps, error: undefined };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const nothing = { providerEarningsCents: 0n, companyFeeCents: 0n, commissionRateBps: 0 };
    const field = error.violations[0]?.field ?? '';
    // An id that is too long is not sent back: thousands of them would make an answer nobody can receive.
    const known = itemId.length > MAX_ID_LENGTH ? '' : itemId;
    return { itemId: known, ...nothing, error: { reason: error.reason, message: error.message, field } };
  }
}

const idTooLong = (index: number): Fault =>
  invalidInput([{ field: `items.${index}.item_id`, description: `has at most ${MAX_ID_LENGTH} characters` }]);

/** 10,000 lines for one call are for those who ask for them: at the level debug. */
function logItems(
  { logger }: BatchDeps,
  requestId: string,
  items: readonly heidrun.SettlementItem[],
  results: readonly Result[],
): void {
  if (!logger.isLevelEnabled('debug')) return;
  for (const [index, result] of results.entries()) {
    const inputs = { item_id: result.itemId, total_cost_cents: items[index]?.totalCostCents };
    const refused = result.error && { refused: result.error.reason };
    logger.debug({ request_id: requestId, ...inputs, ...figuresOf(result), ...refused }, 'item settled');
  }
}
