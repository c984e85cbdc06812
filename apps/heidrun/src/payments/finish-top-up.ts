import { inTransaction } from '@edda/pg-kit';
import { heidrunFaults } from '../faults.ts';
import { systemOrigin } from '../record-changes.ts';
import { applyChargeResult } from './apply-charge-result.ts';
import { askProvider } from './ask-provider.ts';
import { ownMethod } from './method-row.ts';
import { openToken } from './open-token.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { type ChargeResult } from './provider/payment-provider.ts';
import { chargeKeyOf, topUpById, type TopUpRow, topUpUser } from './top-up-row.ts';

/**
 * The second and third phase of a top-up: the charge under a derived key, then ledger, state, audit record and event in
 * one transaction. May be repeated at any time, by anybody, after any crash.
 * @returns the row as it stands afterwards; PENDING while the payer has to confirm
 * @throws PAYMENT_PROVIDER_UNAVAILABLE when the charge's outcome is unknown; the row stays PENDING
 */
export async function finishTopUp(deps: PaymentDeps, id: string): Promise<TopUpRow> {
  const row = await topUpById(deps.pool, id);
  if (row.status !== 'PENDING') return row;
  const result = await outcomeOf(deps, row);
  const news = { result, origin: systemOrigin('top-up'), now: deps.clock.now(), settings: deps.settings() };
  const settled = await inTransaction(deps.pool, (client) => applyChargeResult(client, id, news), { idempotent: true });
  deps.notify();
  deps.metrics.asked('topup', settled.status, settled.amount_cents);
  deps.logger.info(
    { top_up_id: id, amount_cents: settled.amount_cents, status: settled.status, attempts: settled.attempts },
    'top-up charged',
  );
  return settled;
}

/** A charge that is known to the payment provider is asked after; one that waits for its payer too long is given up. */
async function outcomeOf(deps: PaymentDeps, row: TopUpRow): Promise<ChargeResult> {
  if (row.payment_provider !== deps.provider.name) {
    throw heidrunFaults.PAYMENT_PROVIDER_UNAVAILABLE(`The payment provider ${row.payment_provider} is not configured.`);
  }
  const { provider_reference: reference } = row;
  if (reference === '') return charge(deps, row);
  const found = await askProvider(deps, (provider) => provider.findCharge(reference));
  const expiresAt = row.created_at.getTime() + deps.settings().topUpExpirySeconds * 1_000;
  if (found.status !== 'action-required' || deps.clock.now().getTime() < expiresAt) return found;
  const given = await askProvider(deps, (provider) => provider.cancelCharge(reference));
  return given.status === 'declined' ? { ...given, reason: 'The payer did not confirm the charge in time.' } : given;
}

async function charge(deps: PaymentDeps, row: TopUpRow): Promise<ChargeResult> {
  const methodToken = openToken(deps, await ownMethod(deps.pool, topUpUser(row), row.payment_method_id));
  return askProvider(deps, (provider) =>
    provider.charge({
      amountCents: row.amount_cents,
      currency: row.currency,
      methodToken,
      idempotencyKey: chargeKeyOf(row.id),
      repeated: row.attempts > 0,
      unattended: row.origin !== 'USER',
    }),
  );
}
