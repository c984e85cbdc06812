import { type QueryConfig } from 'pg';
import { type AccountRow, rowOf } from './account-names.ts';
import { type NewTransfer, type Release } from './post-transfers.ts';

export interface BatchPosting {
  /** Their ids must be new: the caller has made sure that none was posted before. */
  transfers: readonly NewTransfer[];
  /** Parts of wallets' open holds given free; several of one wallet add up. */
  releases: readonly Release[];
  postedAt: Date;
  /** Chooses the row of striped accounts, one for the whole batch. */
  stripeBy: string;
}

interface Sums extends AccountRow {
  posted: bigint;
  released: bigint;
}

/**
 * The statement that posts the transfers and releases of a batch: every account is locked (in id order) and updated
 * once, however many of the batch move its money. What it may fail with, `asLedgerFault` translates.
 */
export function postBatchQuery(posting: BatchPosting): QueryConfig {
  const { transfers, releases, postedAt, stripeBy } = posting;
  const sums = new Map<string, Sums>();
  const account = (base: string): Sums => {
    const row = rowOf(base, stripeBy);
    const known = sums.get(row.name) ?? { ...row, posted: 0n, released: 0n };
    sums.set(row.name, known);
    return known;
  };
  const rows = transfers.map((transfer) => {
    const [debit, credit] = [account(transfer.debit), account(transfer.credit)];
    debit.posted -= transfer.amountCents;
    credit.posted += transfer.amountCents;
    return {
      id: transfer.id,
      debit: debit.name,
      credit: credit.name,
      amount_cents: String(transfer.amountCents),
      kind: transfer.kind,
      transaction_id: transfer.transactionId ?? '',
      request_id: transfer.requestId ?? '',
      provider_id: transfer.providerId ?? '',
    };
  });
  for (const release of releases) account(release.account).released += release.amountCents;
  const accounts = [...sums.values()].map(({ posted, released, ...row }) => ({
    ...row,
    posted_cents: String(posted),
    released_cents: String(released),
  }));
  return {
    name: 'ledger-post-batch',
    text: 'SELECT post_batch($1::jsonb, $2::jsonb, $3)',
    values: [JSON.stringify(accounts), JSON.stringify(rows), postedAt],
  };
}
