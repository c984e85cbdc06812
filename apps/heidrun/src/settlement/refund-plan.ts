import { splitRefund } from '@edda/money';
import { heidrunFaults } from '../faults.ts';
import { companyRevenue, earningsOf, walletOf } from '../ledger/account-names.ts';
import { type NewTransfer } from '../ledger/post-transfers.ts';
import { type StoredCapture } from '../preauth/capture-store.ts';
import { type Hold } from '../preauth/hold.ts';
import { type RefundedSoFar } from './refund-store.ts';

/** Who gives back how much. */
export interface RefundPlan {
  amountCents: bigint;
  feeReturnedCents: bigint;
  totalRefundedCents: bigint;
  legs: { providerId: string; earningsReturnedCents: bigint; feeReturnedCents: bigint }[];
}

/**
 * Decides a refund (domain rules, Transaction): cumulative over all refunds of the capture, by splitRefund.
 * @param wantedCents 0 for all that is left
 * @throws ALREADY_REFUNDED when nothing is left, REFUND_EXCEEDS_CAPTURED
 */
export function planRefund(capture: StoredCapture, soFar: RefundedSoFar, wantedCents: bigint): RefundPlan {
  const leftCents = capture.capturedCents - soFar.refundedCents;
  if (leftCents === 0n) {
    throw heidrunFaults.ALREADY_REFUNDED('nothing of this transaction is left to give back', {
      metadata: { refunded_cents: String(soFar.refundedCents) },
      violations: [{ field: 'transaction_id', description: 'is refunded in full' }],
    });
  }
  const amountCents = wantedCents === 0n ? leftCents : wantedCents;
  const { feeReturnedCents, legsReturnedCents } = splitRefund({
    totalCents: capture.capturedCents,
    feeCents: capture.feeCents,
    legEarningsCents: capture.legs.map((leg) => leg.earningsCents),
    refundedBeforeCents: soFar.refundedCents,
    feeReturnedBeforeCents: soFar.feeReturnedCents,
    legsReturnedBeforeCents: soFar.legsReturnedCents,
    amountCents,
  });
  const feeParts = shareByCost(capture, feeReturnedCents);
  return {
    amountCents,
    feeReturnedCents,
    totalRefundedCents: soFar.refundedCents + amountCents,
    legs: capture.legs.map(({ providerId }, index) => ({
      providerId,
      earningsReturnedCents: legsReturnedCents[index] ?? 0n,
      feeReturnedCents: feeParts[index] ?? 0n,
    })),
  };
}

/**
 * The fee belongs to the whole capture; for the history each leg is shown its part of it, by cost and largest
 * remainder, ties to the earlier leg.
 */
function shareByCost({ legs, capturedCents }: StoredCapture, feeCents: bigint): bigint[] {
  const parts = legs.map(({ costShareCents }) => (feeCents * costShareCents) / capturedCents);
  const left = feeCents - parts.reduce((sum, part) => sum + part, 0n);
  const byFraction = legs
    .map(({ costShareCents }, leg) => ({ leg, fraction: (feeCents * costShareCents) % capturedCents }))
    .sort((a, b) => (a.fraction === b.fraction ? 0 : a.fraction < b.fraction ? 1 : -1));
  for (const { leg } of byFraction.slice(0, Number(left))) parts[leg] = (parts[leg] ?? 0n) + 1n;
  return parts;
}

/** The ledger entries of a refund, each the reverse of one the capture made. */
export function refundTransfers(refundId: string, hold: Hold, plan: RefundPlan): NewTransfer[] {
  const common = {
    credit: walletOf({ networkId: hold.networkId, userId: hold.requesterId }),
    transactionId: hold.transactionId,
    requestId: hold.requestId,
  };
  const earnings = plan.legs.map(({ providerId, earningsReturnedCents }, index): NewTransfer => {
    const owner = hold.candidates.find((candidate) => candidate.providerId === providerId);
    return {
      ...common,
      id: `refund:${refundId}:leg-${index}`,
      debit: earningsOf({ networkId: owner?.networkId ?? '', userId: owner?.ownerId ?? '' }),
      amountCents: earningsReturnedCents,
      kind: 'EARNINGS_REFUND',
      providerId,
      reversesId: `capture:${hold.id}:leg-${index}`,
    };
  });
  const fee: NewTransfer = {
    ...common,
    id: `refund:${refundId}:fee`,
    debit: companyRevenue,
    amountCents: plan.feeReturnedCents,
    kind: 'FEE_REFUND',
    reversesId: `capture:${hold.id}:fee`,
  };
  return [...earnings, fee].filter(({ amountCents }) => amountCents > 0n);
}
