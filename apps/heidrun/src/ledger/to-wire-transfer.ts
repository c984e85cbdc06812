import { heidrun } from '@edda/contracts';
import { type PostedTransfer } from './post-transfers.ts';

/** A transfer as the contract shows it: accounts by their base, without stripes. */
export function toWireTransfer(transfer: PostedTransfer): heidrun.Transfer {
  return {
    id: transfer.id,
    debitAccount: transfer.debit,
    creditAccount: transfer.credit,
    amountCents: transfer.amountCents,
    kind: heidrun.TransferKind[transfer.kind],
    transactionId: transfer.transactionId ?? '',
    requestId: transfer.requestId ?? '',
    providerId: transfer.providerId ?? '',
    reversesId: transfer.reversesId ?? '',
    postedAt: transfer.postedAt,
  };
}
