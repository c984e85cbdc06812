import { type ClientBase } from 'pg';
import { clearingOf, walletOf } from '../ledger/account-names.ts';
import { postTransfers } from '../ledger/post-transfers.ts';
import { type MoneyChange, type Origin, recordChanges } from '../record-changes.ts';
import { noteAutomaticCharge } from './automatic-charge.ts';
import { type PaymentSettings } from './payment-deps.ts';
import { type TopUpEvent, topUpMachine } from './payment-machines.ts';
import { type ChargeResult } from './provider/payment-provider.ts';
import { chargeKeyOf, topUpById, type TopUpRow, topUpUser } from './top-up-row.ts';

export interface ChargeNews {
  result: ChargeResult;
  origin: Origin;
  now: Date;
  settings: Pick<PaymentSettings, 'autoTopUpFailures' | 'retryAfterSeconds'>;
}

const CLOSE = `
UPDATE top_ups SET status = $2, failure_reason = $3, provider_reference = $4, completed_at = $5 WHERE id = $1`;

/**
 * Applies what the payment provider says about a charge, within the caller's transaction: ledger, state, audit record
 * and event together. Whatever was applied before, or comes late and out of order, changes nothing.
 * @returns the row as it stands afterwards; PENDING while the payer has to confirm
 */
export async function applyChargeResult(client: ClientBase, id: string, news: ChargeNews): Promise<TopUpRow> {
  const { result, origin, now } = news;
  const row = await topUpById(client, id, ' FOR UPDATE');
  const event = eventOf(row, result);
  if (event === undefined) {
    if (row.status === 'PENDING') await noteReference(client, id, result);
    return topUpById(client, id);
  }
  const status = topUpMachine.next(row.status, event);
  const reason = status === 'FAILED' ? (result.reason ?? 'The charge was declined.') : '';
  await client.query(CLOSE, [id, status, reason, result.providerReference || row.provider_reference, now]);
  if (status === 'SUCCEEDED') await credit(client, row, now);
  const changes = [changeOf(row, status === 'SUCCEEDED', reason)];
  if (row.origin !== 'USER') changes.push(...(await noteAutomaticCharge(client, row, status, news)));
  await recordChanges(client, origin, now, changes);
  return topUpById(client, id);
}

function eventOf({ status }: TopUpRow, result: ChargeResult): TopUpEvent | undefined {
  const wanted: Partial<Record<ChargeResult['status'], TopUpEvent>> = {
    succeeded: status === 'FAILED' ? 'arrive' : 'succeed',
    declined: 'fail',
  };
  const event = wanted[result.status];
  return event !== undefined && topUpMachine.can(status, event) ? event : undefined;
}

async function noteReference(client: ClientBase, id: string, result: ChargeResult): Promise<void> {
  await client.query('UPDATE top_ups SET confirmation_url = $2, provider_reference = $3 WHERE id = $1', [
    id,
    result.confirmationUrl ?? '',
    result.providerReference,
  ]);
}

async function credit(client: ClientBase, row: TopUpRow, now: Date): Promise<void> {
  const transfer = {
    id: chargeKeyOf(row.id),
    debit: clearingOf(row.payment_provider),
    credit: walletOf(topUpUser(row)),
    amountCents: row.amount_cents,
  };
  await postTransfers(client, [{ ...transfer, kind: 'TOP_UP' }], { postedAt: now });
}

function changeOf(row: TopUpRow, credited: boolean, reason: string): MoneyChange {
  return {
    action: credited ? 'topup.posted' : 'topup.failed',
    subject: walletOf(topUpUser(row)),
    user: topUpUser(row),
    reason,
    details: {
      top_up_id: row.id,
      amount_cents: row.amount_cents,
      currency: row.currency,
      payment_method_id: row.payment_method_id,
      origin: row.origin,
    },
  };
}
