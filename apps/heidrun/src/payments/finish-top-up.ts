import { appendEvents, inTransaction } from '@edda/pg-kit';
import { type ClientBase, type PoolClient } from 'pg';
import { heidrunFaults } from '../faults.ts';
import { clearingOf, type UserKey, walletOf } from '../ledger/account-names.ts';
import { postTransfers } from '../ledger/post-transfers.ts';
import { askProvider } from './ask-provider.ts';
import { auditPayment } from './audit-payment.ts';
import { ownMethod } from './method-row.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { topUpMachine } from './payment-machines.ts';
import { type ChargeResult } from './provider/payment-provider.ts';
import { topUpById, type TopUpRow } from './top-up-row.ts';

/** What every step of a top-up downstream is known by, so that a repeated step is the same step. */
export const chargeKeyOf = (topUpId: string): string => `topup:${topUpId}`;

const userOf = (row: TopUpRow): UserKey => ({ networkId: row.network_id, userId: row.user_id });

/**
 * The second and third phase of a top-up: the charge under a derived key, then ledger, state and event in one
 * transaction. May be repeated at any time, by anybody, after any crash.
 * @returns the row as it stands afterwards; PENDING while the payer has to confirm
 * @throws PAYMENT_PROVIDER_UNAVAILABLE when the charge's outcome is unknown; the row stays PENDING
 */
export async function finishTopUp(deps: PaymentDeps, id: string): Promise<TopUpRow> {
  const row = await topUpById(deps.pool, id);
  if (row.status !== 'PENDING') return row;
  const result = await charge(deps, row);
  const settled = await inTransaction(deps.pool, (client) => settle(deps, client, id, result), { idempotent: true });
  deps.notify();
  deps.logger.info(
    { top_up_id: id, amount_cents: settled.amount_cents, status: settled.status, attempts: settled.attempts },
    'top-up charged',
  );
  return settled;
}

async function charge(deps: PaymentDeps, row: TopUpRow): Promise<ChargeResult> {
  if (row.payment_provider !== deps.provider.name) {
    throw heidrunFaults.PAYMENT_PROVIDER_UNAVAILABLE(`The payment provider ${row.payment_provider} is not configured.`);
  }
  const method = await ownMethod(deps.pool, userOf(row), row.payment_method_id);
  if (method.token_key_id === null || method.token_sealed === null) {
    throw heidrunFaults.PAYMENT_TOKEN_UNREADABLE('the token of a charged payment method is gone');
  }
  const methodToken = deps.seal.open({ keyId: method.token_key_id, sealed: method.token_sealed }, method.id);
  return askProvider(deps, (provider) =>
    provider.charge({
      amountCents: row.amount_cents,
      currency: row.currency,
      methodToken,
      idempotencyKey: chargeKeyOf(row.id),
    }),
  );
}

async function settle(deps: PaymentDeps, client: PoolClient, id: string, result: ChargeResult): Promise<TopUpRow> {
  const row = await topUpById(client, id, ' FOR UPDATE');
  // Somebody else finished it meanwhile, with the same charge.
  if (row.status !== 'PENDING') return row;
  const now = deps.clock.now();
  switch (result.status) {
    case 'succeeded':
      await close(client, row, 'succeed', result, now);
      await credit(client, row, now);
      break;
    case 'declined':
      await close(client, row, 'fail', result, now);
      break;
    case 'action-required':
      await client.query('UPDATE top_ups SET confirmation_url = $2, provider_reference = $3 WHERE id = $1', [
        id,
        result.confirmationUrl ?? '',
        result.providerReference,
      ]);
  }
  return topUpById(client, id);
}

async function close(
  client: ClientBase,
  row: TopUpRow,
  event: 'succeed' | 'fail',
  result: ChargeResult,
  now: Date,
): Promise<void> {
  const status = topUpMachine.next(row.status, event);
  const reason = event === 'fail' ? (result.reason ?? 'The charge was declined.') : '';
  await client.query(
    'UPDATE top_ups SET status = $2, failure_reason = $3, provider_reference = $4, completed_at = $5 WHERE id = $1',
    [row.id, status, reason, result.providerReference, now],
  );
  await auditPayment(client, {
    ...{ user: userOf(row), at: now, action: `top_up.${event}`, subject: `top_up:${row.id}`, reason },
    details: { amountCents: row.amount_cents, currency: row.currency, providerReference: result.providerReference },
  });
}

async function credit(client: ClientBase, row: TopUpRow, now: Date): Promise<void> {
  const wallet = walletOf(userOf(row));
  await postTransfers(
    client,
    [
      {
        id: chargeKeyOf(row.id),
        debit: clearingOf(row.payment_provider),
        credit: wallet,
        amountCents: row.amount_cents,
        kind: 'TOP_UP',
      },
    ],
    { postedAt: now },
  );
  await appendEvents(client, [
    {
      subject: wallet,
      type: 'heidrun.topup.posted',
      payload: {
        top_up_id: row.id,
        user_id: row.user_id,
        network_id: row.network_id,
        amount_cents: row.amount_cents,
        currency: row.currency,
        payment_method_id: row.payment_method_id,
      },
      occurredAt: now,
    },
  ]);
}
