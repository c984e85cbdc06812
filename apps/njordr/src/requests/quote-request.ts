import { type njordr } from '@edda/contracts';
import { affordableOutputTokens, costOfLegs } from '@edda/money';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { explainBest, filterCounts, referenceMessage } from '../routing/explain-routing.ts';
import { type RoutingOutcome } from '../routing/create-router.ts';
import { outputRoom } from '../routing/filter-offer.ts';
import { type ComputeDeps } from './compute-deps.ts';
import { noCandidateFault } from './no-candidate-fault.ts';
import { assess } from './prepare-request.ts';
import { validateParameters } from './validate-parameters.ts';

const schema = z.object({ maxCandidates: z.int().min(0).max(100) });

/** What no provider could ever answer as it stands, whoever is free and whatever it may cost. */
const unanswerable: ReadonlySet<string> = new Set(['MODEL_UNKNOWN', 'CONTEXT_TOO_LONG']);

/**
 * QuoteRequest: ranks and prices; holds and stores nothing. Nobody eligible is an answer, an unknown model or a
 * conversation beyond every context is not.
 */
export function createQuoteRequest(deps: ComputeDeps) {
  return async (
    request: njordr.QuoteRequestRequest,
    { identity }: Pick<CallContext, 'identity'>,
  ): Promise<njordr.QuoteRequestResponse> => {
    const { maxCandidates } = parseWith(schema, request);
    const checked = validateParameters(request, deps.assessing.settings());
    const limit = maxCandidates === 0 ? 10 : maxCandidates;
    const { input, routing } = await assess(deps.assessing, checked, identity.networkId, limit);
    const nobody = routing.eligible === 0 ? noCandidateFault(routing) : undefined;
    if (nobody !== undefined && unanswerable.has(nobody.reason)) throw nobody;
    const budget = outputBudget(routing);
    return {
      candidates: explainBest(routing, routing.best.slice(0, limit)),
      filterCounts: filterCounts(routing),
      epoch: BigInt(routing.reference.epoch),
      reference: referenceMessage(routing.reference),
      weights: routing.weights,
      estimatedInputTokens: input.tokens,
      outputBudgetTokens: budget,
      estimatedCostCents: dearest(routing, budget),
      considered: BigInt(routing.considered),
      eligible: BigInt(routing.eligible),
    };
  };
}

/** As the hold would compute it, but for the wallet, which only Heidrun knows. */
function outputBudget({ candidates, query }: RoutingOutcome): bigint {
  const best = candidates[0]?.offer;
  if (best === undefined) return 0n;
  if (query.maxOutputTokens !== undefined) return query.maxOutputTokens;
  const { inputTokens, maxCostCents } = query;
  const bought = candidates.map(({ offer: { price } }) =>
    maxCostCents === undefined
      ? outputRoom(best, inputTokens)
      : affordableOutputTokens({ budgetCents: maxCostCents, inputTokens, price }),
  );
  return [outputRoom(best, inputTokens), ...bought].reduce((least, value) => (value < least ? value : least));
}

function dearest({ candidates, query: { inputTokens } }: RoutingOutcome, outputTokens: bigint): bigint {
  return candidates
    .map(({ offer: { price } }) => costOfLegs([{ inputTokens, outputTokens, price }]))
    .reduce((most, cost) => (cost > most ? cost : most), 0n);
}
