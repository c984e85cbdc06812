import { companyRevenue, earningsOf, walletOf } from '../ledger/account-names.ts';
import { type NewTransfer } from '../ledger/post-transfers.ts';
import { type Hold } from './hold.ts';
import { type SettledCapture } from './settle-capture.ts';

/** The ledger entries of a capture: each leg's earnings to its provider's owner, the fee to the company. */
export function captureTransfers(hold: Hold, settled: SettledCapture): NewTransfer[] {
  const debit = walletOf({ networkId: hold.networkId, userId: hold.requesterId });
  const common = { debit, transactionId: hold.transactionId, requestId: hold.requestId };
  const earnings = settled.legs.map((leg, index): NewTransfer => {
    const { providerId, ownerId, networkId } = leg.candidate;
    return {
      ...common,
      id: `capture:${hold.id}:leg-${index}`,
      credit: earningsOf({ networkId, userId: ownerId }),
      amountCents: leg.earningsCents,
      kind: 'EARNINGS',
      providerId,
    };
  });
  const fee: NewTransfer = {
    ...common,
    id: `capture:${hold.id}:fee`,
    credit: companyRevenue,
    amountCents: settled.feeCents,
    kind: 'FEE',
  };
  return [...earnings, fee].filter(({ amountCents }) => amountCents > 0n);
}
