import { type common, njordr } from '@edda/contracts';
import { type Clock } from '@edda/telemetry';
import { type EndOfTransaction } from '../transactions/transaction-store.ts';
import { type DeliveredOutput } from './delivered-output.ts';
import { keepsAnswer, type PlannedRequest } from './request-plan.ts';
import { type ResultVault } from './result-vault.ts';

type SealedAnswer = EndOfTransaction['result'];

/**
 * Seals answers for GetRequest and replays. @returns undefined where none is kept; else its time begins now
 */
export type AnswerKeeper = (
  plan: PlannedRequest,
  outputs: readonly DeliveredOutput[],
  finishReason: common.FinishReason,
) => SealedAnswer;

export function createAnswerKeeper(deps: { vault: ResultVault; clock: Clock; ttlSeconds: () => number }): AnswerKeeper {
  return (plan, outputs, finishReason) => {
    const ttlSeconds = deps.ttlSeconds();
    if (!keepsAnswer(plan, ttlSeconds)) return undefined;
    const expiresAt = new Date(deps.clock.now().getTime() + ttlSeconds * 1_000);
    const result = njordr.ComputeResult.fromPartial({
      content: outputs.map(({ content }) => content).join(''),
      reasoning: outputs.map(({ reasoning }) => reasoning).join(''),
      toolCalls: outputs.flatMap(({ toolCalls }) => toolCalls.filter(Boolean)),
      ...{ finishReason, expiresAt },
    });
    return { sealed: deps.vault.seal(plan.requestId, result), expiresAt };
  };
}

/** Below this size, UTF-16 units, a growing answer is kept with each checkpoint. */
const SMALL = 65_536;

/**
 * Decides when the answer so far is worth writing again: beside each checkpoint while it is small, then whenever it has
 * grown by an eighth, so that all writes together stay a small multiple of the answer.
 */
export function createGrowthGate(): (size: number) => boolean {
  let written = 0;
  return (size) => {
    if (size === written || (size > SMALL && size < written * 1.125)) return false;
    written = size;
    return true;
  };
}
