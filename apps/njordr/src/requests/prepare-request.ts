import { njordr } from '@edda/contracts';
import { type CallContext } from '@edda/grpc-kit';
import { type Decision, type PolicySet } from '@edda/policy';
import { type Clock, currentSpan } from '@edda/telemetry';
import { type AsyncTokenCounter } from '@edda/tokens';
import { decideRequest, denialOf } from '../policy/decide-request.ts';
import { type Router, type RoutingOutcome } from '../routing/create-router.ts';
import { explainRouting } from '../routing/explain-routing.ts';
import { outputRoom } from '../routing/filter-offer.ts';
import { requestCostCents } from '../routing/request-cost.ts';
import { countInput, type CountedInput } from './count-input.ts';
import { noCandidateFault } from './no-candidate-fault.ts';
import { type RoutedRequest } from './request-plan.ts';
import { type PlaceLimits } from './request-registry.ts';
import { routingQueryOf } from './routing-query-of.ts';
import { type CheckedParameters, type ParameterLimits, validateParameters } from './validate-parameters.ts';

export interface PrepareDeps {
  counter: AsyncTokenCounter;
  router: Router;
  policies: () => PolicySet;
  clock: Clock;
  newId: () => string;
  settings: () => ParameterLimits & PlaceLimits;
  /** Refuses new work while the outbox is full. */
  assertCapacity: () => void;
  /** Notes a denial in the history. */
  onDenied: (requestId: string, ctx: Caller, model: string, decision: Decision) => Promise<void>;
}

export type Caller = Pick<CallContext, 'identity'>;

export interface Assessed {
  input: CountedInput;
  routing: RoutingOutcome;
}

/** What a request will do: checked, counted, ranked, allowed, all in process and without a trace when it is refused. */
export interface PreparedRequest extends RoutedRequest {
  readonly decision: Decision;
  /** The encoded njordr.RoutingDecision: made before a slot is taken, so that it shows what was decided on. */
  readonly explanation: Uint8Array;
}

/** Counts and ranks; shared with the dry run. */
export async function assess(
  deps: PrepareDeps,
  checked: CheckedParameters,
  networkId: string,
  limit?: number,
): Promise<Assessed> {
  const input = await countInput(deps.counter, checked);
  const span = currentSpan()?.child('route');
  const routing = deps.router.route(routingQueryOf(checked, networkId, input.tokens), limit);
  span?.set({ 'edda.providers_considered': routing.considered, 'edda.candidates': routing.candidates.length });
  span?.end();
  return { input, routing };
}

export function createPrepare(deps: PrepareDeps) {
  return async (
    request: { parameters?: njordr.ComputeParameters | undefined },
    ctx: Caller,
    scope: Pick<RoutedRequest, 'method' | 'idempotencyKey'>,
    checked = validateParameters(request, deps.settings()),
  ): Promise<PreparedRequest> => {
    const arrivedMs = performance.now();
    deps.assertCapacity();
    const { subject, networkId } = ctx.identity;
    const { input, routing } = await assess(deps, checked, networkId);
    if (routing.considered === 0) throw noCandidateFault(routing);
    const requestId = deps.newId();
    const decision = decideRequest(deps.policies(), factsOf(checked, input, routing, subject));
    const denial = denialOf(decision);
    if (denial !== undefined) {
      await deps.onDenied(requestId, ctx, checked.parameters.model, decision);
      throw denial;
    }
    if (routing.candidates.length === 0) throw noCandidateFault(routing);
    const createdAt = deps.clock.now();
    return {
      ...checked,
      ...scope,
      ...{ requestId, decision, input, routing, createdAt, arrivedMs, networkId },
      explanation: njordr.RoutingDecision.encode(explainRouting(requestId, routing)).finish(),
      transactionId: deps.newId(),
      requesterId: subject,
      candidates: routing.candidates.map(({ offer }) => ({
        providerId: offer.providerId,
        ownerId: offer.ownerId,
        networkId: offer.networkId,
        room: outputRoom(offer, input.tokens),
      })),
      deadline: new Date(createdAt.getTime() + checked.timeoutMs),
    };
  };
}

function factsOf({ parameters }: CheckedParameters, input: CountedInput, routing: RoutingOutcome, requesterId: string) {
  const best = routing.candidates[0]?.offer;
  return {
    requesterId,
    networkId: routing.query.networkId,
    model: parameters.model,
    inputTokens: input.tokens,
    maxOutputTokens: parameters.maxOutputTokens ?? 0n,
    maxCostCents: parameters.maxCostCents ?? 0n,
    estimatedCostCents: best === undefined ? 0n : requestCostCents(routing.query, best.price),
  };
}
