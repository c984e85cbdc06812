import { moneyFaults } from '@edda/money';
import { type ClientBase, DatabaseError } from 'pg';
import { heidrunFaults } from '../faults.ts';
import { type AccountRow, rowOf } from './account-names.ts';

/** TransferKind of the contract without its prefix. */
export type TransferKind =
  | 'EARNINGS'
  | 'FEE'
  | 'EARNINGS_REFUND'
  | 'FEE_REFUND'
  | 'TOP_UP'
  | 'TOP_UP_REVERSAL'
  | 'PAYOUT'
  | 'PAYOUT_REVERSAL'
  | 'DISPUTE_WITHHOLD'
  | 'DISPUTE_RELEASE'
  | 'NETTING'
  | 'ADJUSTMENT';

/** A movement of money between two accounts, named by their base (`revenue:company`); stripes are chosen here. */
export interface NewTransfer {
  /** Unique and derived from the cause, so that a repetition is the same transfer. */
  id: string;
  /** Account the money leaves. */
  debit: string;
  /** Account the money reaches; made when it does not exist yet. */
  credit: string;
  /** 1 and up. */
  amountCents: bigint;
  kind: TransferKind;
  transactionId?: string;
  requestId?: string;
  providerId?: string;
  reversesId?: string;
  memo?: string;
}

/** A part of a wallet's open holds given free in the same step. */
export interface Release {
  account: string;
  amountCents: bigint;
}

export interface PostOptions {
  postedAt: Date;
  releases?: readonly Release[];
}

export interface PostedTransfer extends NewTransfer {
  postedAt: Date;
  /** False when this very transfer had been posted before. */
  stored: boolean;
}

/**
 * Posts transfers within the caller's transaction, in one round trip: accounts are made where missing and locked in id
 * order, rows are appended, balances follow. Repeating a transfer changes nothing.
 * @throws TRANSFER_CONFLICT when an id was posted with other content, INSUFFICIENT_FUNDS when a wallet would fall
 *   below its limit, AMOUNT_OUT_OF_RANGE, AMOUNT_OVERFLOW; the transaction must then be rolled back
 */
export async function postTransfers(
  client: ClientBase,
  transfers: readonly NewTransfer[],
  { postedAt, releases = [] }: PostOptions,
): Promise<PostedTransfer[]> {
  if (transfers.length === 0 && releases.length === 0) return [];
  const accounts = new Map<string, AccountRow>();
  const row = (account: string, cause: string) => {
    const found = rowOf(account, cause);
    accounts.set(found.name, found);
    return found.name;
  };
  const rows = transfers.map((transfer) => toRow(transfer, row));
  for (const { account } of releases) row(account, '');
  const result = await client
    .query<{ id: string; stored: boolean; same: boolean; posted_at: Date }>({
      name: 'ledger-post',
      text: 'SELECT * FROM post_transfers($1::jsonb, $2::jsonb, $3::jsonb, $4)',
      values: [
        JSON.stringify([...accounts.values()]),
        JSON.stringify(rows),
        JSON.stringify(releases.map((r) => ({ account: r.account, amount_cents: String(r.amountCents) }))),
        postedAt,
      ],
    })
    .catch((error: unknown) => {
      throw asLedgerFault(error);
    });
  const posted = new Map(result.rows.map((found) => [found.id, found]));
  return transfers.map((transfer) => {
    const found = posted.get(transfer.id);
    if (found?.same !== true) {
      throw heidrunFaults.TRANSFER_CONFLICT(`transfer ${transfer.id} was posted before with other content`);
    }
    return { ...transfer, postedAt: found.posted_at, stored: found.stored };
  });
}

function toRow(transfer: NewTransfer, row: (account: string, cause: string) => string) {
  if (transfer.amountCents <= 0n) {
    throw moneyFaults.AMOUNT_OUT_OF_RANGE(`a transfer must move a positive amount, got ${transfer.amountCents}`);
  }
  const transactionId = transfer.transactionId ?? '';
  const cause = transactionId === '' ? transfer.id : transactionId;
  return {
    id: transfer.id,
    debit: row(transfer.debit, cause),
    credit: row(transfer.credit, cause),
    // As text: JSON numbers would lose digits beyond 2^53.
    amount_cents: String(transfer.amountCents),
    kind: transfer.kind,
    transaction_id: transactionId,
    request_id: transfer.requestId ?? '',
    provider_id: transfer.providerId ?? '',
    reverses_id: transfer.reversesId ?? '',
    memo: transfer.memo ?? '',
  };
}

/** What the database refused, as the caller may see it. */
export function asLedgerFault(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  if (error.constraint === 'accounts_wallet_within_limit') {
    return heidrunFaults.INSUFFICIENT_FUNDS('The wallet does not cover the amount.', { cause: error });
  }
  // 22003: a balance or an amount beyond 64 bits.
  if (error.code === '22003') return moneyFaults.AMOUNT_OVERFLOW('The amount exceeds 64 bits.', { cause: error });
  return error;
}
