import { common, type heidrun, njordr } from '@edda/contracts';
import { commonFaults, Fault } from '@edda/faults';
import { type Logger } from '@edda/telemetry';
import { type AsyncTokenCounter } from '@edda/tokens';
import { njordrFaults } from '../faults.ts';
import { type createFinish, type RequestEnd } from './finish-request.ts';
import { takenOver, type Verdict } from './judge-attempt.ts';
import { type HoldOutcome, type Money, type Step } from './money.ts';
import { type PlannedRequest } from './request-plan.ts';
import { type AttemptReport } from './run-attempt.ts';

type Ending = Exclude<Verdict, { next: 'same-provider' | 'next-provider' }>;

const Status = njordr.TransactionStatus;
const nothing = { finishReason: common.FinishReason.UNSPECIFIED, costLimited: false, capture: undefined };

/** Captures or releases the money, and writes the end: the one place where a request is settled. */
export function createSettle(deps: {
  money: Money;
  finish: ReturnType<typeof createFinish>;
  texts: Pick<AsyncTokenCounter, 'countText'>;
  logger: Logger;
}) {
  const { money, finish } = deps;
  /** Faults thrown after the end was written. */
  const final = new WeakSet<object>();

  const close = async (plan: PlannedRequest, reports: readonly AttemptReport[], end: RequestEnd) => {
    const receipt = await finish(plan, reports, end);
    if (receipt === undefined) {
      const lost = takenOver();
      final.add(lost);
      throw lost;
    }
    if (end.fault !== undefined) {
      final.add(end.fault);
      throw end.fault;
    }
    return receipt;
  };

  const settle = async (
    plan: PlannedRequest,
    reports: readonly AttemptReport[],
    ending: Ending,
    lastTokenMs: number,
  ): Promise<njordr.Receipt> => {
    const step: Step = { ...plan, preauthId: plan.hold.preauthId };
    if (ending.next === 'complete') {
      const { finishReason, costLimited } = ending;
      const outcome = await bill(async () => {
        const legs = await captureLegs(deps.texts, plan, reports, ending.billInput);
        return money.capture(step, legs, finishReason);
      });
      if (outcome.state === 'captured') {
        const { capture } = outcome;
        return close(plan, reports, {
          status: Status.COMPLETED,
          finishReason,
          costLimited,
          capture,
          fault: undefined,
          lastTokenMs,
        });
      }
      // The hold ran out before it could be captured: the requester was given an answer and pays nothing.
      const fault = njordrFaults.SETTLEMENT_DELAYED('The hold ended before the answer was billed; nothing is charged.');
      return close(plan, reports, { ...nothing, status: Status.FAILED, fault, lastTokenMs });
    }
    const fault = ending.next === 'fail' ? ending.fault : undefined;
    await money.release(step, fault?.reason ?? 'CANCELLED');
    const status = fault === undefined ? Status.CANCELLED : Status.FAILED;
    return close(plan, reports, { ...nothing, status, fault, lastTokenMs });
  };
  return Object.assign(settle, { isFinal: (error: unknown) => error instanceof Fault && final.has(error) });
}

/** What the requester learns when the bill cannot be made now. */
async function bill(capture: () => Promise<HoldOutcome>): Promise<HoldOutcome> {
  try {
    return await capture();
  } catch (cause) {
    throw njordrFaults.SETTLEMENT_DELAYED('The answer was delivered; its bill follows as soon as possible.', {
      cause,
      retryAfterMs: 5_000,
    });
  }
}

/** One leg per provider that delivered; the input goes to the last one, if it is billed at all. */
export async function captureLegs(
  texts: Pick<AsyncTokenCounter, 'countText'>,
  plan: PlannedRequest,
  reports: readonly AttemptReport[],
  billInput: boolean,
): Promise<heidrun.CaptureLeg[]> {
  const answered = reports.filter(({ output }) => output.billed !== '');
  if (answered.length === 0) throw commonFaults.INTERNAL('nothing was delivered, so nothing can be billed');
  const legOf = async (report: AttemptReport, index: number): Promise<heidrun.CaptureLeg> => {
    const withInput = billInput && index === answered.length - 1;
    // A claim is about the whole answer, so it says nothing about one that was cut, called off or broken off.
    const whole = report.end.how === 'done';
    const { output, counted } = await outputOf(texts, plan.parameters.model, report.output.billed);
    const methods = [...(withInput ? [plan.input.method] : []), ...(counted === undefined ? [] : [counted])];
    return {
      providerId: report.candidate.providerId,
      input: withInput ? { $case: 'inputTokens', value: plan.input.tokens } : undefined,
      output,
      countedMethod: Math.max(common.TokenMethod.UNSPECIFIED, ...methods) as common.TokenMethod,
      claimedInputTokens: whole && withInput ? report.claimedInputTokens : undefined,
      claimedOutputTokens: whole ? report.claimedOutputTokens : undefined,
    };
  };
  return Promise.all(answered.map(legOf));
}

/** Heidrun counts the text itself, but no message holds more than 4 MiB: what comes near that is counted here. */
const MOST_TEXT_BYTES = 1_048_576;

async function outputOf(texts: Pick<AsyncTokenCounter, 'countText'>, model: string, text: string) {
  if (Buffer.byteLength(text) <= MOST_TEXT_BYTES) {
    return { output: { $case: 'outputText', value: text } as const, counted: undefined };
  }
  const { tokens, method } = await texts.countText(model, text);
  return { output: { $case: 'outputTokens', value: BigInt(tokens) } as const, counted: common.TokenMethod[method] };
}
