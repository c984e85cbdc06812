import { common, heidrun, njordr } from '@edda/contracts';
import { runDetached } from '@edda/grpc-kit';
import { type Clock, type Logger } from '@edda/telemetry';
import { type ProviderDirectory } from '../providers/provider-directory.ts';
import { type EndOfTransaction, type TransactionStore } from '../transactions/transaction-store.ts';
import { type CheckpointLeg, type TransactionRow } from '../transactions/transaction-row.ts';
import { endEvent } from './end-event.ts';
import { type HoldOutcome, type Money, outcomeOf } from './money.ts';
import { endedLegs, receiptOf } from './receipt-of.ts';
import { commonFaults, type Fault } from '@edda/faults';

export interface RecoveryDeps {
  store: Pick<TransactionStore, 'claimExpired' | 'end'>;
  money: Money;
  directory: Pick<ProviderDirectory, 'offer'>;
  clock: Clock;
  logger: Logger;
  leaseMs: () => number;
}

/** Few enough that all of them are settled long before the lease they were claimed with is over. */
const BATCH = 50;
/** Settled side by side: a dead replica leaves as many as it ran, and each costs a few round trips. */
const AT_ONCE = 10;
/** A bound for one call; what is left then is found by the next. */
const MOST_BATCHES = 100;

/**
 * Settles what a replica left behind: takes over expired leases only, adopts what Heidrun captured, captures the last
 * checkpoint, or gives the hold back.
 * @returns how many transactions were brought to their end
 */
export async function recoverExpired(deps: RecoveryDeps): Promise<number> {
  let settled = 0;
  for (let batch = 0; batch < MOST_BATCHES; batch += 1) {
    const now = deps.clock.now();
    const rows = await deps.store.claimExpired(now, new Date(now.getTime() + deps.leaseMs()), BATCH);
    const waiting = rows.values();
    let failed = 0;
    const settle = async (): Promise<void> => {
      for (const row of waiting) {
        try {
          // What cannot be settled now is claimed again when this lease expires.
          if (await runDetached(() => recover(deps, row))) settled += 1;
        } catch (error) {
          failed += 1;
          deps.logger.warn({ err: error, transaction_id: row.transactionId }, 'not recovered yet');
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, settle));
    // Where much fails, somebody is down: going on would only claim more than can be settled.
    if (rows.length < BATCH || failed > rows.length / 2) break;
  }
  return settled;
}

async function recover(deps: RecoveryDeps, row: TransactionRow): Promise<boolean> {
  const found = await deps.money.find(row.transactionId);
  const legs = row.checkpoint ?? [];
  const outcome = outcomeOf(found) ?? (await resolve(deps.money, row, legs, found!.preauth!));
  const at = deps.clock.now();
  const end = endOf(deps, row, legs, outcome, found?.preauth, at);
  const done = await deps.store.end(row, end);
  deps.logger.info({ transaction_id: row.transactionId, state: end.state, done }, 'recovered');
  return done;
}

/** A hold that is still open: capture what is known to have been delivered, else release it. */
function resolve(
  money: Money,
  { transactionId, requestId }: TransactionRow,
  legs: readonly CheckpointLeg[],
  { preauthId }: heidrun.PreAuth,
): Promise<HoldOutcome> {
  const step = { transactionId, requestId, preauthId };
  if (legs.every(({ outputTokens }) => outputTokens === 0)) return money.release(step, 'recovered without output');
  const captured = legs.map(({ providerId, inputTokens, outputTokens, estimated }) =>
    heidrun.CaptureLeg.fromPartial({
      providerId,
      input: { $case: 'inputTokens', value: BigInt(inputTokens) },
      output: { $case: 'outputTokens', value: BigInt(outputTokens) },
      countedMethod: estimated ? common.TokenMethod.ESTIMATED : common.TokenMethod.EXACT,
    }),
  );
  return money.capture(step, captured, common.FinishReason.RECOVERED);
}

function endOf(
  { directory }: RecoveryDeps,
  row: TransactionRow,
  legs: readonly CheckpointLeg[],
  outcome: HoldOutcome,
  preauth: heidrun.PreAuth | undefined,
  at: Date,
): EndOfTransaction {
  const capture = outcome.state === 'captured' ? outcome.capture : undefined;
  const fault = capture === undefined ? lostFault(row) : undefined;
  const cancelled = fault !== undefined && row.cancelRequested;
  const status = capture !== undefined ? 'COMPLETED' : cancelled ? 'CANCELLED' : 'FAILED';
  const finishReason = capture === undefined ? common.FinishReason.UNSPECIFIED : common.FinishReason.RECOVERED;
  const bill = {
    ...{ transactionId: row.transactionId, requestId: row.requestId, model: row.model, finishReason, capture },
    status: njordr.TransactionStatus[status],
    costLimited: false,
    pinnedPrices: preauth?.pinnedPrices ?? [],
    legs: (capture?.legs ?? []).map(({ providerId }, index) => ({
      ...(legs.find((leg) => leg.providerId === providerId) ?? ownerOf(directory, providerId, row.model, index + 1)),
      claimedInputTokens: undefined,
      claimedOutputTokens: undefined,
    })),
    preauthId: preauth?.preauthId ?? '',
    heldCents: preauth?.heldCents ?? 0n,
    commissionRateBps: preauth?.commissionRateBps ?? 0,
    routing: njordr.RoutingSummary.fromPartial({ attempts: Math.max(0, ...legs.map(({ attempt }) => attempt)) }),
    timings: njordr.Timings.fromPartial({
      createdAt: row.createdAt,
      totalMs: BigInt(Math.max(0, at.getTime() - row.createdAt.getTime())),
    }),
  };
  const receipt = receiptOf(bill);
  const { costLimited, tokenMethod, tokenizer, inputTokens, outputTokens, totalCostCents } = receipt;
  const { providerEarningsCents, companyFeeCents, releasedCents } = receipt;
  return {
    ...{ state: status, finishReason, costLimited, tokenMethod, tokenizer, inputTokens, outputTokens, totalCostCents },
    ...{ providerEarningsCents, companyFeeCents, releasedCents, at, attempts: new Uint8Array(), result: undefined },
    failureReason: cancelled ? '' : (fault?.reason ?? ''),
    failureMessage: cancelled ? '' : (fault?.message ?? ''),
    receipt: njordr.Receipt.encode(receipt).finish(),
    legs: endedLegs(bill),
    releaseKey: status === 'FAILED' && (row.method === 'execute' || row.preauthId === null),
    events: [endEvent(row, receipt, fault)],
  };
}

function ownerOf(directory: Pick<ProviderDirectory, 'offer'>, providerId: string, model: string, attempt: number) {
  const offer = directory.offer(providerId, model);
  return { providerId, ownerId: offer?.ownerId ?? '', networkId: offer?.networkId ?? '', attempt };
}

function lostFault({ transactionId }: TransactionRow): Fault {
  return commonFaults.INTERNAL('The request was interrupted before its first token; nothing is charged.', {
    metadata: { transaction_id: transactionId },
  });
}
