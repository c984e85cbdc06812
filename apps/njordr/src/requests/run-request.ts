import { common, njordr } from '@edda/contracts';
import { asFault, type Fault } from '@edda/faults';
import { type AsyncTokenCounter, type TokenCounter } from '@edda/tokens';
import { type Clock, inSpan, type Logger } from '@edda/telemetry';
import { njordrFaults } from '../faults.ts';
import { type LinkHub } from '../link/link-hub.ts';
import { type ProviderDirectory } from '../providers/provider-directory.ts';
import { outcomeOfAttempt } from '../quality/observations-of.ts';
import { type CheckpointLeg } from '../transactions/transaction-row.ts';
import { type Renewal, type TransactionStore } from '../transactions/transaction-store.ts';
import { type AnswerKeeper, createGrowthGate } from './answer-keeper.ts';
import { type ExecutionSink } from './event-channel.ts';
import { type createFinish } from './finish-request.ts';
import { judgeAttempt, takenOver, type Verdict } from './judge-attempt.ts';
import { type LeaseKeeper } from './lease-keeper.ts';
import { type Money } from './money.ts';
import { createOutputMeter } from './output-meter.ts';
import { type PlannedCandidate, type PlannedRequest } from './request-plan.ts';
import { type AttemptReport, type RequestRun, runAttempt } from './run-attempt.ts';
import { type RunControl } from './run-control.ts';
import { createSettle } from './settle-request.ts';

export interface RunDeps {
  hub: Pick<LinkHub, 'dispatch'>;
  directory: Pick<ProviderDirectory, 'reserve' | 'release' | 'noteTtft' | 'noteServed' | 'noteFault'>;
  money: Money;
  store: Pick<TransactionStore, 'start' | 'abandon'>;
  finish: ReturnType<typeof createFinish>;
  keeper: LeaseKeeper;
  keep: AnswerKeeper;
  slowReaderMs: () => number;
  /** Counts while text is delivered. */
  counter: TokenCounter;
  /** Counts whole answers. */
  texts: Pick<AsyncTokenCounter, 'countText'>;
  clock: Clock;
  logger: Logger;
}

type Ending = Exclude<Verdict, { next: 'same-provider' | 'next-provider' }>;

/**
 * Runs a request whose money is held to its end: attempts, failover, settlement. However it goes, the hold is captured,
 * cancelled, or left to recovery with a lease that has run out.
 * @returns the receipt of a COMPLETED or CANCELLED request. @throws why it failed, once nothing is held any more
 */
export function createRunner(deps: RunDeps) {
  const settle = createSettle(deps);
  return async (
    plan: PlannedRequest,
    sink: ExecutionSink,
    control: RunControl,
    reserved: boolean,
  ): Promise<njordr.Receipt> => {
    const { keeper, logger } = deps;
    const reports: AttemptReport[] = [];
    const meter = createOutputMeter(deps.counter, plan.parameters.model, plan.budget);
    const delivered: { by?: AttemptReport } = {};
    const grown = createGrowthGate();
    const partial = (): Renewal['result'] => {
      const output = delivered.by?.output;
      const wanted = output !== undefined && plan.method === 'create' && grown(output.billed.length);
      return wanted ? deps.keep(plan, [output], common.FinishReason.RECOVERED) : undefined;
    };
    const run: RequestRun = {
      ...{ plan, control, sink, meter, sequence: 0n, slowReaderMs: deps.slowReaderMs() },
      onDelivered(report, first) {
        delivered.by = report;
        keeper.delivered(plan.transactionId, first);
      },
    };
    let billInput = true;
    const checkpoint = (): CheckpointLeg[] | null => checkpointOf(run, delivered.by, billInput);
    const lost = (): void => control.callOff('lost');
    keeper.add({ ...plan, checkpoint, answer: partial, cancel: () => control.callOff('requester'), lost });
    const timer = setTimeout(() => control.callOff('deadline'), plan.deadline.getTime() - deps.clock.now().getTime());
    try {
      const started = startOf(deps, plan, lost);
      const asked = await askProviders(deps, run, reports, reserved);
      if (asked.next === 'complete') ({ billInput } = asked);
      // What another replica ended without knowing of this hold must not be charged now.
      const ending: Ending = (await started) === false ? { next: 'fail', fault: takenOver() } : asked;
      return await inSpan('settle', () => settle(plan, reports, ending, performance.now()));
    } catch (error) {
      const fault = asFault(error);
      if (!settle.isFinal(error)) {
        logger.error({ err: error, transaction_id: plan.transactionId }, 'left to recovery');
        const outputs = reports.map(({ output }) => output);
        // Who bills it later knows only the counts, so the answer is put down for it now.
        const result = delivered.by === undefined ? undefined : deps.keep(plan, outputs, common.FinishReason.RECOVERED);
        await deps.store.abandon(plan, checkpoint(), deps.clock.now(), result).catch(() => undefined);
      }
      throw fault;
    } finally {
      clearTimeout(timer);
      keeper.remove(plan.transactionId);
    }
  };
}

/**
 * PROCESSING is written while the provider already works; a failure to write it shows again at the end.
 * @returns false when the transaction is no longer ours
 */
async function startOf({ store, clock, logger }: RunDeps, plan: PlannedRequest, lost: () => void) {
  const { preauthId, estimatedCostCents, commissionRateBps } = plan.hold;
  const hold = { preauthId, heldCents: estimatedCostCents, outputBudgetTokens: plan.budget, commissionRateBps };
  try {
    const ours = await store.start(plan, { ...hold, at: clock.now() });
    if (!ours) lost();
    return ours;
  } catch (error) {
    logger.warn({ err: error, transaction_id: plan.transactionId }, 'start not written');
    return undefined;
  }
}

function checkpointOf(
  { plan, meter }: RequestRun,
  at: AttemptReport | undefined,
  billInput: boolean,
): CheckpointLeg[] | null {
  if (at === undefined) return null;
  const { tokens, exact } = meter.total();
  const { providerId, ownerId, networkId } = at.candidate;
  const estimated = !exact || plan.input.method !== common.TokenMethod.EXACT;
  const inputTokens = billInput ? Number(plan.input.tokens) : 0;
  return [{ providerId, ownerId, networkId, attempt: at.attempt, inputTokens, outputTokens: tokens, estimated }];
}

/** Asks the candidates in order until one verdict ends the request. */
async function askProviders(
  deps: RunDeps,
  run: RequestRun,
  reports: AttemptReport[],
  reserved: boolean,
): Promise<Ending> {
  const { plan } = run;
  let onlyFull = true;
  for (const [index, candidate] of plan.candidates.entries()) {
    const held = index === 0 && reserved;
    for (let tries = 1; ; tries += 1) {
      const free = (held && tries === 1) || deps.directory.reserve(candidate.providerId, plan.parameters.model);
      // Full or cooling down since it was ranked: no attempt, no penalty.
      if (!free) break;
      await announce(run, reports.at(-1), candidate);
      const report = await attemptOn(deps, run, candidate, reports.length + 1);
      reports.push(report);
      onlyFull &&= report.end.how === 'failed' && report.end.errorClass === 'no-capacity';
      const delivered = report.output.billed !== '';
      const verdict = judgeAttempt({ end: report.end, delivered, tries, budgetIsMoney: plan.budgetIsMoney });
      if (verdict.next === 'next-provider') break;
      if (verdict.next !== 'same-provider') return verdict;
    }
  }
  return { next: 'fail', fault: exhausted(onlyFull, reports.length) };
}

function exhausted(onlyFull: boolean, attempts: number): Fault {
  if (onlyFull) {
    return njordrFaults.NO_PROVIDER_AVAILABLE('Every provider that could serve this is full.', { retryAfterMs: 1_000 });
  }
  return njordrFaults.PROVIDERS_FAILED(`All ${attempts} attempts failed before the first token.`, {
    metadata: { attempts: String(attempts) },
    retryAfterMs: 1_000,
  });
}

async function announce(run: RequestRun, last: AttemptReport | undefined, to: PlannedCandidate): Promise<void> {
  if (last === undefined) return;
  const value = njordr.ExecutionFailover.fromPartial({
    fromProviderId: last.candidate.providerId,
    toProviderId: to.providerId,
    outcome: outcomeOfAttempt(last),
  });
  const put = run.sink.put({ event: { $case: 'failover', value } }, run.control.signal);
  if (!(await put)) run.control.callOff('requester');
}

async function attemptOn(
  deps: RunDeps,
  run: RequestRun,
  candidate: PlannedCandidate,
  attempt: number,
): Promise<AttemptReport> {
  const { directory } = deps;
  const { model } = run.plan.parameters;
  const { providerId } = candidate;
  try {
    const report = await runAttempt(deps, run, candidate, attempt);
    if (report.ttftMs !== undefined) directory.noteTtft(providerId, model, report.ttftMs);
    if (report.end.how === 'done' || report.end.how === 'limit') directory.noteServed(providerId, model);
    if (report.end.how === 'failed' && report.end.errorClass === 'fault') directory.noteFault(providerId, model);
    return report;
  } finally {
    directory.release(providerId, model);
  }
}
