import { type ClientBase } from 'pg';
import { heidrunFaults } from '../../faults.ts';
import { earningsOf, payoutAccountOf, type UserKey } from '../../ledger/account-names.ts';
import { postTransfers } from '../../ledger/post-transfers.ts';
import { type Origin, recordChanges } from '../../record-changes.ts';
import { assertNotFrozen, lockUserMethods } from '../method-changes.ts';
import { isExpired, type MethodRow, ownMethod } from '../method-row.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { readinessOf } from '../payment-readiness.ts';
import { lockPayable } from './payable.ts';

export interface WantedPayout {
  /** 0 for all that is payable. */
  amountCents: bigint;
  /** '' for the user's default. */
  paymentMethodId: string;
  scheduled: boolean;
}

const INSERT = `
INSERT INTO payouts (id, network_id, user_id, payment_method_id, payment_provider, amount_cents, currency, status,
  scheduled, next_attempt_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'PENDING', $8, $9, $10)`;

/**
 * The first phase of a payout, within the caller's transaction: its money is set aside and a PENDING row written, so
 * that nothing that dies afterwards forgets it or pays it twice.
 * @returns its id
 * @throws ACCOUNT_FROZEN, PAYOUT_METHOD_REQUIRED, NOT_FOUND, PAYOUT_BELOW_MINIMUM, INSUFFICIENT_FUNDS
 */
export async function beginPayout(
  deps: PaymentDeps,
  client: ClientBase,
  user: UserKey,
  wanted: WantedPayout,
  origin: Origin,
): Promise<string> {
  const now = deps.clock.now();
  await lockUserMethods(client, user);
  await assertNotFrozen(client, user);
  const method = await payoutMethod(client, user, wanted.paymentMethodId, now);
  const amountCents = amountOf(deps, wanted.amountCents, await lockPayable(client, user, deps));
  const id = deps.newId();
  const nextAttemptAt = new Date(now.getTime() + deps.settings().retryAfterSeconds * 1_000);
  const { networkId, userId } = user;
  const facts = [method.id, method.payment_provider, amountCents, deps.currency, wanted.scheduled];
  await client.query(INSERT, [id, networkId, userId, ...facts, nextAttemptAt, now]);
  const aside = { id: `payout:${id}:aside`, debit: earningsOf(user), credit: payoutAccountOf(id) };
  await postTransfers(client, [{ ...aside, amountCents, kind: 'PAYOUT' }], { postedAt: now });
  const details = {
    payout_id: id,
    amount_cents: amountCents,
    currency: deps.currency,
    payment_method_id: method.id,
    scheduled: wanted.scheduled,
  };
  await recordChanges(client, origin, now, [{ action: 'payout.requested', subject: `payout:${id}`, user, details }]);
  return id;
}

function amountOf(deps: PaymentDeps, wanted: bigint, payable: bigint): bigint {
  const amount = wanted === 0n ? payable : wanted;
  const { minPayoutCents } = deps.settings();
  const metadata = { payable_cents: String(payable), min_cents: String(minPayoutCents) };
  if (amount > payable) {
    throw heidrunFaults.INSUFFICIENT_FUNDS(`${amount} cents were to be paid out, ${payable} are payable`, {
      metadata,
      violations: [{ field: 'amount_cents', description: `must be at most ${payable}` }],
    });
  }
  if (amount >= BigInt(minPayoutCents) && amount > 0n) return amount;
  throw heidrunFaults.PAYOUT_BELOW_MINIMUM(`${amount} cents are less than the ${minPayoutCents} paid out at least`, {
    metadata,
    violations: [{ field: 'amount_cents', description: `must be at least ${minPayoutCents}` }],
  });
}

/** The method to pay to, locked against its removal until the row that pays to it is committed. */
async function payoutMethod(client: ClientBase, user: UserKey, wanted: string, now: Date): Promise<MethodRow> {
  let id = wanted;
  if (id === '') {
    const readiness = await readinessOf(client, user, 'payout', now);
    if (!readiness.ready) throw required();
    id = readiness.paymentMethodId;
  }
  const method = await ownMethod(client, user, id, 'share');
  if (method.status !== 'VERIFIED' || isExpired(method, now) || !method.purposes.includes('PAYOUT')) throw required();
  return method;
}

const required = (): Error =>
  heidrunFaults.PAYOUT_METHOD_REQUIRED('A payout needs a verified payout method.', {
    violations: [{ field: 'payment_method_id', description: 'names no verified method for payouts' }],
  });
