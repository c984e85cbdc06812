import { type nornen } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type Facts } from '@edda/policy';
import { z } from 'zod';
import { amount, fields, withKey } from '../fields.ts';
import { dearestPrice } from './dearest-price.ts';
import { type DecisionDeps, makeDecision } from './make-decision.ts';

const maxPriceCents = 10n ** 9n;
const maxTokens = 10n ** 12n;

const offeredModel = z.object({
  model: fields.model,
  contextLength: amount(1n, maxTokens),
  priceCents: amount(0n, maxPriceCents),
  outputPriceCents: amount(0n, maxPriceCents).optional(),
  priceUnitTokens: amount(1n, maxTokens),
});

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  providerId: fields.id,
  deviceId: fields.optionalId,
  ownerId: fields.id,
  networkId: fields.id,
  models: z.array(offeredModel).min(1, 'needs a model').max(200, 'has at most 200 models'),
  maxParallelRequests: z.int().min(1, 'must be at least 1'),
  connectionPassed: z.boolean(),
  latencyMs: fields.count32,
  payoutVerified: z.boolean(),
  ownerProviderCount: fields.count32,
  sharedPublicly: z.boolean(),
  agentVersion: fields.text(100),
});

/**
 * Decides a registration by the policies in force. A failed connection test denies before any policy is asked: no
 * fact of theirs tells it. @throws INVALID_INPUT, IDEMPOTENCY_CONFLICT
 */
export function decideProviderRegistration(deps: DecisionDeps) {
  return async (
    given: nornen.DecideProviderRegistrationRequest,
    ctx: CallContext,
  ): Promise<nornen.DecideProviderRegistrationResponse> => {
    const request = parseWith(schema, withKey(given, ctx));
    const decision = await makeDecision(deps, ctx, request, {
      kind: 'provider-registration',
      facts: factsOf(request),
      otherFacts: {
        connection_passed: request.connectionPassed,
        owner_provider_count: request.ownerProviderCount,
        shared_publicly: request.sharedPublicly,
        agent_version: request.agentVersion,
      },
      refusal: request.connectionPassed ? undefined : 'The connection test was not passed.',
      subjectId: request.providerId,
      userId: request.ownerId,
      networkId: request.networkId,
      requestId: '',
      providerId: request.providerId,
    });
    return { decision };
  };
}

function factsOf(request: z.output<typeof schema>): Facts<'provider-registration'> {
  const models = request.models.map((model) => ({ ...model, outputPriceCents: model.outputPriceCents }));
  const { priceCents, unitTokens } = dearestPrice(models);
  return {
    owner_id: request.ownerId,
    network_id: request.networkId,
    device_id: request.deviceId,
    models: models.map(({ model }) => model),
    price_cents: priceCents,
    price_unit_tokens: unitTokens,
    latency_ms: BigInt(request.latencyMs),
    capacity: BigInt(request.maxParallelRequests),
    payout_verified: request.payoutVerified,
  };
}
