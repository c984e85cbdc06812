import { njordr } from '@edda/contracts';
import { type TransactionRow } from './transaction-row.ts';

/** A row of `transaction_legs`. */
export interface LegRow {
  transactionId: string;
  providerId: string;
  ownerId: string;
  networkId: string;
  attempt: number;
  inputTokens: bigint;
  outputTokens: bigint;
  priceCents: bigint;
  outputPriceCents: bigint | null;
  priceUnitTokens: bigint;
  priceVersion: bigint;
  earningsCents: bigint;
  claimedInputTokens: bigint | null;
  claimedOutputTokens: bigint | null;
}

export function statusOf(row: Pick<TransactionRow, 'state'>): njordr.TransactionStatus {
  return njordr.TransactionStatus[row.state];
}

export function toLeg(leg: LegRow): njordr.TransactionLeg {
  return njordr.TransactionLeg.fromPartial({
    ...leg,
    outputPriceCents: leg.outputPriceCents ?? undefined,
    claimedInputTokens: leg.claimedInputTokens ?? undefined,
    claimedOutputTokens: leg.claimedOutputTokens ?? undefined,
  });
}

/**
 * A transaction as its requester, an admin, or a provider's owner sees it.
 * @param legs those the caller may see
 * @param asProvider hides who pays
 */
export function toTransaction(row: TransactionRow, legs: readonly LegRow[], asProvider: boolean): njordr.Transaction {
  return njordr.Transaction.fromPartial({
    ...row,
    requesterId: asProvider ? '' : row.requesterId,
    status: statusOf(row),
    legs: legs.map(toLeg),
    preauthId: row.preauthId ?? '',
    startedAt: row.startedAt ?? undefined,
    completedAt: row.completedAt ?? undefined,
  });
}
