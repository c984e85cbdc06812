import { INT64_MAX, moneyFaults } from '@edda/money';
import { type ClientBase } from 'pg';
import { heidrunFaults } from '../faults.ts';
import { balanceOf } from '../ledger/account-balance.ts';
import { type UserKey, walletOf } from '../ledger/account-names.ts';
import { auditPayment } from './audit-payment.ts';
import { assertNotFrozen } from './method-changes.ts';
import { isExpired, type MethodRow, ownMethod } from './method-row.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { readinessOf } from './payment-readiness.ts';
import { type TopUpRow } from './top-up-row.ts';

export interface WantedTopUp {
  amountCents: bigint;
  /** '' for the user's default. */
  paymentMethodId: string;
  /** Who or what asks for it: the user by default. */
  origin?: TopUpRow['origin'];
}

const INSERT = `
INSERT INTO top_ups (id, network_id, user_id, payment_method_id, payment_provider, amount_cents, currency, status,
  next_attempt_at, created_at, origin)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'PENDING', $8, $9, $10)`;

/**
 * The first phase of a top-up, within the caller's transaction: everything is checked and a PENDING row written.
 * @returns its id
 * @throws NOT_FOUND, PAYMENT_METHOD_REQUIRED, ACCOUNT_FROZEN, TOP_UP_OUT_OF_RANGE, AMOUNT_OVERFLOW
 */
export async function beginTopUp(
  deps: PaymentDeps,
  client: ClientBase,
  user: UserKey,
  { amountCents, paymentMethodId, origin = 'USER' }: WantedTopUp,
): Promise<string> {
  const now = deps.clock.now();
  checkTopUpRange(deps, amountCents);
  await assertNotFrozen(client, user);
  const posted = (await balanceOf(client, walletOf(user)))?.postedCents ?? 0n;
  // Before anything is charged: a charge that could not be booked would be somebody's money lost from sight.
  if (posted + amountCents > INT64_MAX) throw moneyFaults.AMOUNT_OVERFLOW('The wallet would exceed 64 bits.');
  const method = await chargeable(client, user, paymentMethodId, now);
  const id = deps.newId();
  const nextAttemptAt = new Date(now.getTime() + deps.settings().retryAfterSeconds * 1_000);
  await client.query(INSERT, [
    id,
    user.networkId,
    user.userId,
    method.id,
    method.payment_provider,
    amountCents,
    deps.currency,
    nextAttemptAt,
    now,
    origin,
  ]);
  await auditPayment(client, {
    ...{ user, at: now, action: 'top_up.begin', subject: `top_up:${id}` },
    details: { amountCents, currency: deps.currency, paymentMethodId: method.id },
  });
  return id;
}

/** @throws TOP_UP_OUT_OF_RANGE naming the field */
export function checkTopUpRange(deps: PaymentDeps, amountCents: bigint, field = 'amount_cents'): void {
  const { minTopUpCents, maxTopUpCents } = deps.settings();
  if (amountCents >= BigInt(minTopUpCents) && amountCents <= BigInt(maxTopUpCents)) return;
  const description = `must be ${minTopUpCents} to ${maxTopUpCents}, got ${amountCents}`;
  throw heidrunFaults.TOP_UP_OUT_OF_RANGE(`${field} ${description}`, {
    metadata: { min_cents: String(minTopUpCents), max_cents: String(maxTopUpCents) },
    violations: [{ field, description }],
  });
}

/** The method to charge, locked against its removal until the row that charges it is committed. */
async function chargeable(client: ClientBase, user: UserKey, wanted: string, now: Date): Promise<MethodRow> {
  let id = wanted;
  if (id === '') {
    const readiness = await readinessOf(client, user, 'pay', now);
    if (!readiness.ready) throw required();
    id = readiness.paymentMethodId;
  }
  const method = await ownMethod(client, user, id, 'share');
  if (method.status !== 'VERIFIED' || isExpired(method, now) || !method.purposes.includes('PAY')) throw required();
  return method;
}

const required = (): Error =>
  heidrunFaults.PAYMENT_METHOD_REQUIRED('A top-up needs a verified payment method for paying.', {
    violations: [{ field: 'payment_method_id', description: 'names no verified method for paying' }],
  });
