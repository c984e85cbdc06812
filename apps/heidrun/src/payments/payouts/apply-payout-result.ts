import { type ClientBase } from 'pg';
import { clearingOf, earningsOf, payoutAccountOf } from '../../ledger/account-names.ts';
import { type NewTransfer, postTransfers } from '../../ledger/post-transfers.ts';
import { type Origin, recordChanges } from '../../record-changes.ts';
import { type PayoutEvent, payoutMachine } from '../payment-machines.ts';
import { type PayoutResult } from '../provider/payment-provider.ts';
import { payoutById, type PayoutRow, payoutUser } from './payout-row.ts';

const SET = `
UPDATE payouts SET status = $2, failure_reason = $3, provider_reference = $4, completed_at = $5 WHERE id = $1`;

/**
 * Applies what the payment provider says about a payout, within the caller's transaction; whatever was applied before,
 * or comes late and out of order, changes nothing.
 * @returns the row as it stands afterwards
 */
export async function applyPayoutResult(
  client: ClientBase,
  id: string,
  result: PayoutResult,
  origin: Origin,
  now: Date,
): Promise<PayoutRow> {
  const row = await payoutById(client, id, ' FOR UPDATE');
  const event = eventOf(row, result);
  if (event === undefined) return row;
  const status = payoutMachine.next(row.status, event);
  const transfer = transferOf(row, event);
  if (transfer !== undefined) await postTransfers(client, [transfer], { postedAt: now });
  const reason = status === 'FAILED' ? (result.reason ?? 'The payment provider could not pay out.') : '';
  const completedAt = status === 'IN_TRANSIT' ? null : now;
  await client.query(SET, [id, status, reason, result.providerReference || row.provider_reference, completedAt]);
  const details = {
    payout_id: id,
    amount_cents: row.amount_cents,
    currency: row.currency,
    payment_method_id: row.payment_method_id,
    provider_reference: result.providerReference,
  };
  const action = `payout.${status.toLowerCase()}`;
  const change = { action, subject: `payout:${id}`, user: payoutUser(row), reason, details };
  await recordChanges(client, origin, now, [change]);
  return payoutById(client, id);
}

function eventOf({ status }: PayoutRow, result: PayoutResult): PayoutEvent | undefined {
  const event = { 'in-transit': 'hand-over', paid: 'pay', failed: status === 'PAID' ? 'bounce' : 'fail' } as const;
  const wanted = event[result.status];
  return payoutMachine.can(status, wanted) ? wanted : undefined;
}

/** Money leaves for good only when it arrived; what failed goes back to the earnings by the reverse transfer. */
function transferOf(row: PayoutRow, event: PayoutEvent): NewTransfer | undefined {
  const [aside, clearing] = [payoutAccountOf(row.id), clearingOf(row.payment_provider)];
  const earnings = earningsOf(payoutUser(row));
  const step = (name: string): string => `payout:${row.id}:${name}`;
  const amountCents = row.amount_cents;
  switch (event) {
    case 'hand-over':
      return undefined;
    case 'pay':
      return { id: step('paid'), debit: aside, credit: clearing, amountCents, kind: 'PAYOUT' };
    case 'fail':
      return {
        ...{ id: step('back'), debit: aside, credit: earnings, amountCents, kind: 'PAYOUT_REVERSAL' },
        reversesId: step('aside'),
      };
    case 'bounce':
      return {
        ...{ id: step('bounced'), debit: clearing, credit: earnings, amountCents, kind: 'PAYOUT_REVERSAL' },
        reversesId: step('paid'),
      };
  }
}
