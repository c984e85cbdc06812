import { type heidrun } from '@edda/contracts';
import { type RoutingOutcome } from '../routing/create-router.ts';
import { type CountedInput } from './count-input.ts';
import { type CheckedParameters } from './validate-parameters.ts';

/** A provider that may be asked, with what is needed of its offer at the time of routing. */
export interface PlannedCandidate {
  readonly providerId: string;
  readonly ownerId: string;
  readonly networkId: string;
  /** Room for output after the prompt, tokens. */
  readonly room: bigint;
}

/** A request that was checked, allowed and routed. */
export interface RoutedRequest extends CheckedParameters {
  readonly transactionId: string;
  readonly requestId: string;
  readonly requesterId: string;
  readonly networkId: string;
  readonly method: 'execute' | 'create';
  readonly idempotencyKey: string | null;
  readonly input: CountedInput;
  readonly routing: RoutingOutcome;
  readonly candidates: readonly PlannedCandidate[];
  readonly createdAt: Date;
  /** `performance.now()` when it arrived. */
  readonly arrivedMs: number;
  readonly deadline: Date;
}

/** … and whose money is held. */
export interface PlannedRequest extends RoutedRequest {
  readonly epoch: bigint;
  readonly hold: heidrun.PreAuthorizeResponse;
  /** Most output tokens the hold pays for. */
  readonly budget: bigint;
  /** Whether that budget is smaller than what was asked for and what the context holds: money limits it. */
  readonly budgetIsMoney: boolean;
  readonly routingUs: number;
}

/** Whether the answer itself has to be kept, for GetRequest or a replay. */
export function keepsAnswer({ method, idempotencyKey }: RoutedRequest, resultTtlSeconds: number): boolean {
  return resultTtlSeconds > 0 && (method === 'create' || idempotencyKey !== null);
}
