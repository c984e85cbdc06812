import { heidrun, njordr } from '@edda/contracts';
import { asFault } from '@edda/faults';
import { hashRequest } from '@edda/pg-kit';
import { type Clock, type Logger } from '@edda/telemetry';
import { type ProviderDirectory } from '../providers/provider-directory.ts';
import { type TransactionStore } from '../transactions/transaction-store.ts';
import { type createFinish } from './finish-request.ts';
import { type LeaseKeeper } from './lease-keeper.ts';
import { isRefusal, type Money } from './money.ts';
import { type PreparedRequest } from './prepare-request.ts';
import { type PlannedRequest } from './request-plan.ts';
import { queryToJson } from './routing-query-of.ts';

export interface StartDeps {
  store: Pick<TransactionStore, 'insert' | 'abandon'>;
  directory: Pick<ProviderDirectory, 'reserve' | 'release'>;
  money: Money;
  finish: ReturnType<typeof createFinish>;
  keeper: Pick<LeaseKeeper, 'add' | 'remove'>;
  clock: Clock;
  logger: Logger;
  holdSeconds: () => number;
}

export interface StartedRequest {
  plan: PlannedRequest;
  /** Whether a slot of the first candidate is taken already. */
  reserved: boolean;
}

/** What a repeated call must repeat. */
export function requestHash(parameters: njordr.ComputeParameters): string {
  return hashRequest({ parameters });
}

/** Writes the request down and holds its money. */
export function createStart(deps: StartDeps) {
  const { store, directory, money, finish, keeper, clock, logger } = deps;
  /** @returns undefined when the idempotency key is taken. @throws Heidrun's refusal; nothing is held then */
  return async (prepared: PreparedRequest): Promise<StartedRequest | undefined> => {
    const first = prepared.candidates[0]!.providerId;
    const { model } = prepared.parameters;
    const { transactionId } = prepared;
    // Taken in the same turn as it was ranked, so that the next request sees one slot less.
    const reserved = directory.reserve(first, model);
    try {
      if (!(await store.insert(rowOf(prepared)))) {
        if (reserved) directory.release(first, model);
        return undefined;
      }
      // A hold may take longer than a lease; whoever runs the request keeps it from here on.
      keeper.add({ transactionId, epoch: 1n, checkpoint: () => null, cancel: () => undefined, lost: () => undefined });
      const hold = await money.hold(prepared, deps.holdSeconds());
      return { plan: planOf(prepared, hold), reserved };
    } catch (error) {
      keeper.remove(transactionId);
      if (reserved) directory.release(first, model);
      const fault = asFault(error);
      const plan = planOf(prepared, heidrun.PreAuthorizeResponse.fromPartial({}));
      if (isRefusal(fault)) {
        const status = njordr.TransactionStatus.FAILED;
        const nothing = { finishReason: 0, costLimited: false, capture: undefined } as const;
        await finish(plan, [], { ...nothing, status, fault, lastTokenMs: performance.now() });
      } else {
        // Whether money is held is not known: recovery finds out and gives it back.
        logger.warn({ err: error, transaction_id: prepared.transactionId }, 'no answer to the hold; left to recovery');
        await store.abandon(plan, null, clock.now()).catch(() => undefined);
      }
      throw fault;
    }
  };
}

function planOf(prepared: PreparedRequest, hold: heidrun.PreAuthorizeResponse): PlannedRequest {
  const budget = hold.outputBudgetTokens;
  const asked = prepared.parameters.maxOutputTokens;
  const room = prepared.candidates[0]!.room;
  return {
    ...prepared,
    ...{ hold, budget, epoch: 1n },
    budgetIsMoney: budget < (asked === undefined || asked > room ? room : asked),
    routingUs: Math.round((performance.now() - prepared.arrivedMs) * 1_000),
  };
}

function rowOf(prepared: PreparedRequest) {
  const { transactionId, requestId, requesterId, networkId, method, idempotencyKey, parameters, routing } = prepared;
  const { outcome, policyId, version, reason } = prepared.decision;
  return {
    ...{ transactionId, requestId, requesterId, networkId, method, idempotencyKey },
    model: parameters.model,
    requestHash: idempotencyKey === null ? '' : requestHash(parameters),
    maxCostCents: parameters.maxCostCents ?? null,
    estimatedInputTokens: prepared.input.tokens,
    createdAt: prepared.createdAt,
    deadline: prepared.deadline,
    routing: {
      epoch: BigInt(routing.reference.epoch),
      decision: prepared.explanation,
      query: queryToJson(routing.query),
    },
    event: {
      subject: `transaction:${transactionId}`,
      sequence: 1n,
      type: 'njordr.request.accepted',
      payload: {
        ...{ transaction_id: transactionId, request_id: requestId, user_id: requesterId, network_id: networkId },
        provider_id: routing.candidates[0]?.offer.providerId ?? '',
        model: parameters.model,
        input_tokens: prepared.input.tokens,
        decision: { outcome, policy_id: policyId ?? '', policy_version: version, reason },
      },
    },
  };
}
