import { common, type heidrun, njordr } from '@edda/contracts';
import { type EndedLeg } from '../transactions/end-transaction-sql.ts';
import { type CheckpointLeg } from '../transactions/transaction-row.ts';

/** A leg that went into a capture, in the capture's order. */
export interface BilledLeg extends Pick<CheckpointLeg, 'providerId' | 'ownerId' | 'networkId' | 'attempt'> {
  claimedInputTokens: bigint | undefined;
  claimedOutputTokens: bigint | undefined;
}

export interface Bill {
  transactionId: string;
  requestId: string;
  model: string;
  status: njordr.TransactionStatus;
  finishReason: common.FinishReason;
  costLimited: boolean;
  /** Absent when nothing was captured. */
  capture: heidrun.CapturePreAuthResponse | undefined;
  pinnedPrices: readonly heidrun.PinnedPrice[];
  legs: readonly BilledLeg[];
  preauthId: string;
  heldCents: bigint;
  commissionRateBps: number;
  routing: njordr.RoutingSummary;
  timings: njordr.Timings;
}

/** The legs as they are stored and shown: what Heidrun billed, at the pinned prices. */
export function endedLegs({ capture, legs, pinnedPrices }: Bill): EndedLeg[] {
  return (capture?.legs ?? []).map((billed, index) => {
    const leg = legs.find(({ providerId }) => providerId === billed.providerId);
    const price = pinnedPrices.find(({ providerId }) => providerId === billed.providerId);
    return {
      providerId: billed.providerId,
      ownerId: leg?.ownerId ?? '',
      networkId: leg?.networkId ?? '',
      attempt: leg?.attempt ?? index + 1,
      inputTokens: billed.inputTokens,
      outputTokens: billed.outputTokens,
      priceCents: price?.priceCents ?? 0n,
      outputPriceCents: price?.outputPriceCents,
      priceUnitTokens: price?.priceUnitTokens ?? 1n,
      priceVersion: price?.priceVersion ?? 0n,
      earningsCents: billed.providerEarningsCents,
      claimedInputTokens: leg?.claimedInputTokens,
      claimedOutputTokens: leg?.claimedOutputTokens,
    };
  });
}

export function receiptOf(bill: Bill): njordr.Receipt {
  const { capture } = bill;
  const legs = endedLegs(bill);
  return njordr.Receipt.fromPartial({
    requestId: bill.requestId,
    transactionId: bill.transactionId,
    status: bill.status,
    finishReason: bill.finishReason,
    costLimited: bill.costLimited,
    providerIds: legs.map(({ providerId }) => providerId),
    inputTokens: capture?.inputTokens ?? 0n,
    outputTokens: capture?.outputTokens ?? 0n,
    totalCostCents: capture?.capturedCents ?? 0n,
    providerEarningsCents: capture?.providerEarningsCents ?? 0n,
    companyFeeCents: capture?.companyFeeCents ?? 0n,
    releasedCents: capture?.releasedCents ?? bill.heldCents,
    ledgerTransferIds: (capture?.transfers ?? []).map(({ id }) => id),
    tokenMethod: overallMethod(capture?.legs ?? []),
    tokenizer: capture?.legs.find(({ tokenizer }) => tokenizer !== '')?.tokenizer ?? '',
    routing: bill.routing,
    timings: bill.timings,
    legs,
    model: bill.model,
    preauthId: bill.preauthId,
    commissionRateBps: bill.commissionRateBps,
  });
}

/** The least certain method among the legs. */
function overallMethod(legs: readonly heidrun.CapturedLeg[]): common.TokenMethod {
  return legs.reduce<common.TokenMethod>(
    (worst, { method }) => (method > worst ? method : worst),
    common.TokenMethod.UNSPECIFIED,
  );
}
