import { heidrun } from '@edda/contracts';
import { type Identity } from '@edda/grpc-kit';
import { earningsOf, kindOf, walletOf } from './account-names.ts';
import { type PostedTransfer } from './post-transfers.ts';
import { seesEverything, userOf } from './visibility.ts';

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

/**
 * A transfer as a user sees it: of somebody else's account only the kind, `wallet` or `earnings`. The company, payment
 * providers, payouts and disputes keep their names.
 */
export function toOwnTransfer(transfer: heidrun.Transfer, identity: Identity): heidrun.Transfer {
  if (seesEverything(identity)) return transfer;
  const user = userOf(identity);
  const own = [walletOf(user), earningsOf(user)];
  const shown = (account: string): string => {
    const kind = kindOf(account);
    return (kind === 'wallet' || kind === 'earnings') && !own.includes(account) ? kind : account;
  };
  return { ...transfer, debitAccount: shown(transfer.debitAccount), creditAccount: shown(transfer.creditAccount) };
}
