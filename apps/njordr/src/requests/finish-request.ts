import { setTimeout as sleep } from 'node:timers/promises';
import { type common, type heidrun, njordr } from '@edda/contracts';
import { asFault, type Fault } from '@edda/faults';
import { type Clock } from '@edda/telemetry';
import { observationEvent, observationOf, outcomeOfAttempt } from '../quality/observations-of.ts';
import { type EndOfTransaction, type TransactionStore, type Transition } from '../transactions/transaction-store.ts';
import { type AnswerKeeper } from './answer-keeper.ts';
import { endEvent } from './end-event.ts';
import { type Bill, endedLegs, receiptOf } from './receipt-of.ts';
import { type PlannedRequest } from './request-plan.ts';
import { type AttemptReport } from './run-attempt.ts';

export interface FinishSettings {
  impossibleTokensPerSecond: number;
  settleRetryMs: number;
}

/** How a request ends, with its money already settled. */
export interface RequestEnd {
  status: njordr.TransactionStatus;
  finishReason: common.FinishReason;
  costLimited: boolean;
  capture: heidrun.CapturePreAuthResponse | undefined;
  /** Why it failed; undefined otherwise. */
  fault: Fault | undefined;
  /** When the last token came, `performance.now()`. */
  lastTokenMs: number;
}

export interface FinishDeps {
  store: Pick<TransactionStore, 'end' | 'endedBy'>;
  keep: AnswerKeeper;
  clock: Clock;
  settings: () => FinishSettings;
}

/** Writes the end of a request: state, bill, legs, answer, events and observations, in one statement. */
export function createFinish({ store, keep, clock, settings }: FinishDeps) {
  /** @returns the receipt; undefined when another replica ended it before */
  return async (
    plan: PlannedRequest,
    reports: readonly AttemptReport[],
    end: RequestEnd,
  ): Promise<njordr.Receipt | undefined> => {
    const values = settings();
    const at = clock.now();
    const bill = billOf(plan, reports, end);
    const receipt = receiptOf(bill);
    const completed = end.status === njordr.TransactionStatus.COMPLETED;
    const outputs = reports.map(({ output }) => output);
    const result = completed ? keep(plan, outputs, end.finishReason) : undefined;
    const stored = await insistOn(
      store,
      plan,
      {
        ...totals(receipt, end),
        receipt: njordr.Receipt.encode(receipt).finish(),
        attempts: encodeAttempts(reports),
        legs: endedLegs(bill),
        result,
        // CreateRequest has answered with the request's id once money is held; from then on the key stands for it.
        releaseKey:
          end.status === njordr.TransactionStatus.FAILED && (plan.method === 'execute' || plan.hold.preauthId === ''),
        events: [endEvent(plan, receipt, end.fault), ...observations(plan, reports, end.capture, values)],
        at,
      },
      values.settleRetryMs,
    );
    return stored ? receipt : undefined;
  };
}

async function insistOn(
  store: Pick<TransactionStore, 'end' | 'endedBy'>,
  held: Transition,
  end: EndOfTransaction,
  retryMs: number,
): Promise<boolean> {
  const until = performance.now() + retryMs;
  for (let tries = 0; ; tries += 1) {
    try {
      const ended = await store.end(held, end);
      // A repeated statement finds nothing to do where only the answer to the first one was lost.
      return ended || (tries > 0 && (await store.endedBy(held, end.state)));
    } catch (error) {
      const waitMs = 50 * 2 ** tries;
      if (performance.now() + waitMs > until) throw asFault(error);
      await sleep(waitMs);
    }
  }
}

function billOf(plan: PlannedRequest, reports: readonly AttemptReport[], end: RequestEnd): Bill {
  const first = reports.find(({ ttftMs }) => ttftMs !== undefined);
  const now = performance.now();
  const answered = reports.filter(({ output }) => output.billed !== '');
  return {
    transactionId: plan.transactionId,
    requestId: plan.requestId,
    model: plan.parameters.model,
    status: end.status,
    finishReason: end.finishReason,
    costLimited: end.costLimited,
    capture: end.capture,
    pinnedPrices: plan.hold.pinnedPrices,
    legs: answered.map(({ candidate, attempt, claimedInputTokens, claimedOutputTokens }) => ({
      ...candidate,
      attempt,
      claimedInputTokens,
      claimedOutputTokens,
    })),
    preauthId: plan.hold.preauthId,
    heldCents: plan.hold.estimatedCostCents,
    commissionRateBps: plan.hold.commissionRateBps,
    routing: {
      epoch: BigInt(plan.routing.reference.epoch),
      attempts: reports.length,
      eligible: BigInt(plan.routing.eligible),
      score: plan.routing.candidates[0]?.score ?? 0,
      explored: plan.routing.explored,
    },
    timings: {
      createdAt: plan.createdAt,
      routingUs: BigInt(plan.routingUs),
      ttftMs:
        first?.ttftMs === undefined
          ? undefined
          : BigInt(Math.max(0, Math.round(first.startedAt.getTime() - plan.createdAt.getTime() + first.ttftMs))),
      totalMs: BigInt(Math.round(now - plan.arrivedMs)),
      settlementMs: BigInt(Math.round(now - end.lastTokenMs)),
    },
  };
}

function totals(receipt: njordr.Receipt, { fault }: RequestEnd) {
  const { finishReason, costLimited, tokenMethod, tokenizer, inputTokens, outputTokens, totalCostCents } = receipt;
  const { providerEarningsCents, companyFeeCents, releasedCents, status } = receipt;
  return {
    ...{ finishReason, costLimited, tokenMethod, tokenizer, inputTokens, outputTokens, totalCostCents },
    ...{ providerEarningsCents, companyFeeCents, releasedCents },
    state: stateOf(status),
    failureReason: fault?.reason ?? '',
    // A provider's own words may repeat the prompt, which is never stored: only the present caller hears them.
    failureMessage:
      fault?.reason === 'REQUEST_REFUSED_BY_PROVIDER' ? 'The provider refuses this request.' : (fault?.message ?? ''),
  };
}

function stateOf(status: njordr.TransactionStatus): EndOfTransaction['state'] {
  if (status === njordr.TransactionStatus.COMPLETED) return 'COMPLETED';
  return status === njordr.TransactionStatus.CANCELLED ? 'CANCELLED' : 'FAILED';
}

/** Only the attempts: appended to the stored decision, the two decode as one message. */
export function encodeAttempts(reports: readonly AttemptReport[]): Uint8Array {
  const attempts = reports.map((report) => ({
    attempt: report.attempt,
    providerId: report.candidate.providerId,
    outcome: outcomeOfAttempt(report),
    startedAt: report.startedAt,
    endedAt: report.endedAt,
    ttftMs: report.ttftMs === undefined ? undefined : Math.round(report.ttftMs),
    continued: false,
    detail: report.end.how === 'failed' && report.end.quoted !== true ? report.end.message : '',
  }));
  return njordr.RoutingDecision.encode(njordr.RoutingDecision.fromPartial({ attempts })).finish();
}

function observations(
  plan: PlannedRequest,
  reports: readonly AttemptReport[],
  capture: heidrun.CapturePreAuthResponse | undefined,
  { impossibleTokensPerSecond }: FinishSettings,
) {
  const { transactionId, requestId, parameters } = plan;
  const kind = parameters.responseFormat?.kind ?? 0;
  return reports.map((report) =>
    observationEvent(
      observationOf(report, {
        ...{ transactionId, requestId, impossibleTokensPerSecond },
        model: parameters.model,
        jsonAsked: kind === njordr.ResponseFormatKind.JSON_OBJECT || kind === njordr.ResponseFormatKind.JSON_SCHEMA,
        countedTokens: ({ candidate }) => {
          const leg = capture?.legs.find(({ providerId }) => providerId === candidate.providerId);
          return Number(leg === undefined ? 0n : leg.countedOutputTokens || leg.outputTokens);
        },
      }),
    ),
  );
}
