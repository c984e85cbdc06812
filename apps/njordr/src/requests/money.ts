import { setTimeout as sleep } from 'node:timers/promises';
import { heidrun } from '@edda/contracts';
import { asFault, Fault } from '@edda/faults';
import { type GrpcClient, runDetached } from '@edda/grpc-kit';
import { MAX_CANDIDATES } from '../routing/create-router.ts';
import { inRequestersTerms } from './in-requesters-terms.ts';
import { type RoutedRequest } from './request-plan.ts';

/** What became of a hold. */
export type HoldOutcome =
  | { state: 'captured'; capture: heidrun.CapturePreAuthResponse; preauth?: heidrun.PreAuth }
  | { state: 'released' }
  | { state: 'none' };

/** Njörðr's side of a hold. Keys derive from (transaction, step), so a repeated step is the same step. */
export interface Money {
  /** @throws Heidrun's refusal, its fields in the requester's terms; a fault for which `isRefusal` is false leaves open whether money is held */
  hold(request: RoutedRequest, ttlSeconds: number): Promise<heidrun.PreAuthorizeResponse>;
  /** Captures, or adopts what was captured before. Retried until `settleRetryMs` have passed. */
  capture(
    step: Step,
    legs: heidrun.CaptureLeg[],
    finishReason: heidrun.CapturePreAuthRequest['finishReason'],
  ): Promise<HoldOutcome>;
  /** Gives the hold back, unless it was captured. Retried likewise. */
  release(step: Step, reason: string): Promise<HoldOutcome>;
  /** What Heidrun knows of a transaction's hold. */
  find(transactionId: string): Promise<heidrun.GetPreAuthResponse | undefined>;
}

export interface Step {
  transactionId: string;
  requestId: string;
  preauthId: string;
}

export type PreAuthClient = Pick<
  GrpcClient<heidrun.PreAuthServiceService>,
  'preAuthorize' | 'capturePreAuth' | 'cancelPreAuth' | 'getPreAuth'
>;

/** Heidrun's bound for max_cost_cents. */
const MAX_COST_BOUND = 10n ** 12n;
const RETRY_BASE_MS = 100;

/** Whether the fault is Heidrun's final word: nothing is held. */
export function isRefusal(fault: Fault): boolean {
  return !['unavailable', 'deadline', 'internal', 'cancelled', 'exhausted'].includes(fault.kind);
}

export function createMoney(deps: { preAuth: PreAuthClient; settleRetryMs: () => number }): Money {
  const { preAuth, settleRetryMs } = deps;
  const find = async (transactionId: string) => {
    try {
      return await preAuth.getPreAuth({ key: { $case: 'transactionId', value: transactionId } });
    } catch (error) {
      if (error instanceof Fault && error.kind === 'not-found') return undefined;
      throw error;
    }
  };
  const insist = async (step: Step, attempt: () => Promise<HoldOutcome>): Promise<HoldOutcome> => {
    const until = performance.now() + settleRetryMs();
    for (let tries = 0; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        const fault = asFault(error);
        // A refusal means that the hold is not PENDING any more, by whomever: what it became is adopted.
        const known = isRefusal(fault) ? outcomeOf(await find(step.transactionId)) : undefined;
        if (known !== undefined) return known;
        const waitMs = RETRY_BASE_MS * 2 ** tries;
        if (isRefusal(fault) || performance.now() + waitMs > until) throw fault;
        await sleep(waitMs);
      }
    }
  };
  return {
    hold: (request, ttlSeconds) => runDetached(() => hold(preAuth, request, ttlSeconds)),
    capture: (step, legs, finishReason) =>
      runDetached(() =>
        insist(step, async () => ({
          state: 'captured',
          capture: await preAuth.capturePreAuth({
            idempotencyKey: `${step.transactionId}:capture`,
            requestId: step.requestId,
            preauthId: step.preauthId,
            legs,
            finishReason,
          }),
        })),
      ),
    release: (step, reason) =>
      runDetached(() =>
        insist(step, async () => {
          const { transactionId, requestId, preauthId } = step;
          await preAuth.cancelPreAuth({ idempotencyKey: `${transactionId}:cancel`, requestId, preauthId, reason });
          return { state: 'released' };
        }),
      ),
    find: (transactionId) => runDetached(() => find(transactionId)),
  };
}

/** @returns undefined while the hold is PENDING */
export function outcomeOf(found: heidrun.GetPreAuthResponse | undefined): HoldOutcome | undefined {
  if (found?.preauth === undefined) return { state: 'none' };
  const { preauth, capture } = found;
  if (preauth.status === heidrun.PreAuthStatus.PENDING) return undefined;
  return capture === undefined ? { state: 'released' } : { state: 'captured', capture, preauth };
}

async function hold(preAuth: PreAuthClient, request: RoutedRequest, ttlSeconds: number) {
  const asked = preAuthorizeRequest(request, ttlSeconds);
  try {
    return await preAuth.preAuthorize(asked);
  } catch (error) {
    if (!(error instanceof Fault) || error.reason !== 'PRICE_VERSION_CHANGED') throw inRequestersTerms(error);
    // A price changed a moment ago. The limits of the request still hold at the new one, so it is taken.
    const candidates = asked.candidates.map(({ providerId }) => ({ providerId, priceVersion: 0n }));
    return preAuth.preAuthorize({ ...asked, candidates }).catch((again: unknown) => {
      throw inRequestersTerms(again);
    });
  }
}

function preAuthorizeRequest(request: RoutedRequest, ttlSeconds: number): heidrun.PreAuthorizeRequest {
  const { parameters, routing, transactionId, candidates } = request;
  const versions = new Map(routing.candidates.map(({ offer }) => [offer.providerId, offer.priceVersion]));
  const { maxCostCents } = parameters;
  return heidrun.PreAuthorizeRequest.fromPartial({
    idempotencyKey: `${transactionId}:hold`,
    requestId: request.requestId,
    transactionId,
    requesterId: request.requesterId,
    networkId: request.networkId,
    candidates: candidates
      .slice(0, MAX_CANDIDATES)
      .map(({ providerId }) => ({ providerId, priceVersion: versions.get(providerId) ?? 0n })),
    model: parameters.model,
    tokens: { $case: 'inputTokens', value: request.input.tokens },
    maxOutputTokens: parameters.maxOutputTokens,
    contextLeftTokens: candidates[0]?.room,
    maxCostCents: maxCostCents !== undefined && maxCostCents > MAX_COST_BOUND ? MAX_COST_BOUND : maxCostCents,
    ttlSeconds,
  });
}
