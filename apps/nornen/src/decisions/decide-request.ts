import { type nornen } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { amount, fields, withKey } from '../fields.ts';
import { type DecisionDeps, makeDecision } from './make-decision.ts';

const maxTokens = 10n ** 12n;
/** As everywhere on the wire: the largest amount that JSON readers keep exact is a little above. */
const maxCents = 10n ** 15n;

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  requestId: fields.id,
  requesterId: fields.id,
  networkId: fields.id,
  model: fields.model,
  estimatedInputTokens: amount(0n, maxTokens),
  outputBudgetTokens: amount(0n, maxTokens),
  estimatedCostCents: amount(0n, maxCents),
  maxCostCents: amount(0n, maxCents),
  activeRequests: fields.count32,
  ownNetworkOnly: z.boolean(),
  paymentVerified: z.boolean().optional(),
  blocked: z.boolean().optional(),
});

/**
 * Decides a compute request by the policies in force.
 *
 * A caller that leaves `payment_verified` or `blocked` out vouches for it: it asks only about requesters whose payment
 * method it found verified, or who are not blocked. The stored facts say what was vouched for.
 * @throws INVALID_INPUT, IDEMPOTENCY_CONFLICT
 */
export function decideRequest(deps: DecisionDeps) {
  return async (given: nornen.DecideRequestRequest, ctx: CallContext): Promise<nornen.DecideRequestResponse> => {
    const request = parseWith(schema, withKey(given, ctx));
    const { paymentVerified, blocked } = request;
    const decision = await makeDecision(deps, ctx, request, {
      kind: 'request',
      facts: {
        requester_id: request.requesterId,
        network_id: request.networkId,
        model: request.model,
        input_tokens: request.estimatedInputTokens,
        max_output_tokens: request.outputBudgetTokens,
        max_cost_cents: request.maxCostCents,
        estimated_cost_cents: request.estimatedCostCents,
        payment_verified: paymentVerified ?? true,
        blocked: blocked ?? false,
      },
      otherFacts: {
        active_requests: request.activeRequests,
        own_network_only: request.ownNetworkOnly,
        vouched_for_by_caller: vouchedFor({ payment_verified: paymentVerified, blocked }),
      },
      subjectId: request.requestId,
      userId: request.requesterId,
      networkId: request.networkId,
      requestId: request.requestId,
      providerId: '',
    });
    return { decision };
  };
}

function vouchedFor(facts: Readonly<Record<string, boolean | undefined>>): string[] {
  return Object.keys(facts).filter((name) => facts[name] === undefined);
}
