import { enumName, njordr } from '@edda/contracts';
import { type Fault } from '@edda/faults';
import { njordrFaults } from '../faults.ts';
import { type RoutingOutcome } from '../routing/create-router.ts';

const Filter = njordr.RoutingFilter;

/** Why nobody can be asked: the one thing the requester could change, where there is one. */
export function noCandidateFault({ removed, considered, query }: RoutingOutcome): Fault {
  if (considered === 0) {
    return njordrFaults.MODEL_UNKNOWN(`No provider offers the model ${query.model}.`, {
      violations: [{ field: 'parameters.model', description: 'is offered by nobody' }],
    });
  }
  const metadata = Object.fromEntries(
    [...removed].map(([filter, count]) => [
      `removed_${(enumName(Filter, filter) ?? 'other').toLowerCase()}`,
      String(count),
    ]),
  );
  // Both filters come last, so a provider they removed had passed all others: without them it would have been chosen.
  if (removed.has(Filter.MAX_COST)) {
    return njordrFaults.MAX_COST_EXCEEDED('Every provider that could serve this costs more than max_cost_cents.', {
      metadata: { ...metadata, max_cost_cents: String(query.maxCostCents ?? 0n) },
      violations: [{ field: 'parameters.max_cost_cents', description: 'is below every estimate' }],
    });
  }
  if (removed.has(Filter.CONTEXT_LENGTH)) {
    return njordrFaults.CONTEXT_TOO_LONG('Prompt and output fit no provider’s context.', {
      metadata: { ...metadata, input_tokens: String(query.inputTokens) },
    });
  }
  return njordrFaults.NO_PROVIDER_AVAILABLE('No provider can take this request now.', {
    metadata,
    retryAfterMs: 1_000,
  });
}
