import { heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { withIdempotency } from '@edda/pg-kit';
import { type ClientBase } from 'pg';
import { z } from 'zod';
import { heidrunFaults } from '../faults.ts';
import { fields } from '../fields.ts';
import { type UserKey, walletOf } from '../ledger/account-names.ts';
import { accountOf, scopeOf } from './account-of.ts';
import { auditPayment } from './audit-payment.ts';
import { lockUserMethods, makeDefault } from './method-changes.ts';
import { isExpired, type MethodRow, ownMethod, toMethod } from './method-row.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { methodMachine } from './payment-machines.ts';
import { readinessOf } from './payment-readiness.ts';
import { payoutNeededUntil } from './payout-needs.ts';

const { PaymentPurpose: Purpose } = heidrun;
const named = { idempotencyKey: fields.idempotencyKey, userId: fields.optionalId, paymentMethodId: fields.id };
const defaultSchema = z.object({
  ...named,
  purpose: z.union([z.literal(Purpose.PAY), z.literal(Purpose.PAYOUT)], { error: 'names no known purpose' }),
});
const removeSchema = z.object(named);

interface Change {
  idempotencyKey: string;
  userId: string;
  paymentMethodId: string;
}

/** SetDefaultPaymentMethod: a verified method becomes the one used for a purpose. */
export function createSetDefaultPaymentMethod(deps: PaymentDeps) {
  return async (request: heidrun.SetDefaultPaymentMethodRequest, ctx: CallContext) => {
    parseWith(defaultSchema, request);
    const purpose = request.purpose === Purpose.PAY ? 'PAY' : 'PAYOUT';
    return change(deps, request, ctx, async (client, user, row) => {
      if (row.status !== 'VERIFIED' || isExpired(row, deps.clock.now())) {
        throw heidrunFaults.PAYMENT_METHOD_NOT_VERIFIED('The payment method is not verified.');
      }
      if (!row.purposes.includes(purpose)) {
        throw heidrunFaults.PURPOSE_NOT_SUPPORTED(`The payment method does not serve ${purpose}.`, {
          violations: [{ field: 'purpose', description: 'is none of the method’s own' }],
        });
      }
      await makeDefault(client, user, row.id, [purpose], { onlyFirst: false });
      await auditPayment(client, {
        ...{ user, at: deps.clock.now(), action: 'payment_method.default', subject: `payment_method:${row.id}` },
        details: { purpose },
      });
    });
  };
}

/** RemovePaymentMethod: erases the token; the oldest usable method takes its place as default. */
export function createRemovePaymentMethod(deps: PaymentDeps) {
  return async (request: heidrun.RemovePaymentMethodRequest, ctx: CallContext) => {
    parseWith(removeSchema, request);
    return change(deps, request, ctx, async (client, user, row) => {
      if (row.status === 'REMOVED') return;
      const status = methodMachine.next(row.status, 'remove');
      await assertNotMovingMoney(client, row);
      await client.query('DELETE FROM payment_defaults WHERE payment_method_id = $1', [row.id]);
      await client.query(
        'UPDATE payment_methods SET status = $2, token_key_id = NULL, token_sealed = NULL WHERE id = $1',
        [row.id, status],
      );
      await promote(deps, client, user, row);
      const subject = `payment_method:${row.id}`;
      await auditPayment(client, { user, at: deps.clock.now(), action: 'payment_method.remove', subject });
      deps.logger.info({ payment_method_id: row.id }, 'payment method removed');
    });
  };
}

async function change(
  deps: PaymentDeps,
  request: Change,
  ctx: CallContext,
  apply: (client: ClientBase, user: UserKey, row: MethodRow) => Promise<void>,
): Promise<{ paymentMethod: heidrun.PaymentMethod; replayed: boolean }> {
  const user = accountOf(ctx, request.userId);
  let replayed = false;
  const scope = scopeOf(request, ctx, deps.clock, () => (replayed = true));
  const stored: unknown = await withIdempotency(deps.pool, scope, async (client) => {
    await lockUserMethods(client, user);
    await apply(client, user, await ownMethod(client, user, request.paymentMethodId, 'update'));
    const changed = await ownMethod(client, user, request.paymentMethodId);
    return heidrun.PaymentMethod.toJSON(toMethod(changed, deps.clock.now()));
  });
  return { paymentMethod: heidrun.PaymentMethod.fromJSON(stored), replayed };
}

async function assertNotMovingMoney(client: ClientBase, row: MethodRow): Promise<void> {
  const { rowCount } = await client.query(
    `SELECT FROM top_ups WHERE payment_method_id = $1 AND status = 'PENDING'
     UNION ALL SELECT FROM payouts WHERE payment_method_id = $1 AND status IN ('PENDING', 'IN_TRANSIT') LIMIT 1`,
    [row.id],
  );
  if (rowCount !== 0) throw inUse('A charge of this payment method, or a payout to it, is under way.');
}

/** @throws PAYMENT_METHOD_IN_USE, PAYOUT_METHOD_NEEDED when nothing is left for a purpose that is needed */
async function promote(deps: PaymentDeps, client: ClientBase, user: UserKey, removed: MethodRow): Promise<void> {
  const now = deps.clock.now();
  for (const purpose of removed.purposes) {
    const next = await readinessOf(client, user, purpose === 'PAY' ? 'pay' : 'payout', now);
    if (next.ready) await makeDefault(client, user, next.paymentMethodId, [purpose], { onlyFirst: true });
    else if (removed.status === 'VERIFIED') await assertNotNeeded(client, user, purpose, now);
  }
}

const NEEDED = `
SELECT coalesce(w.pending_cents, 0) > 0 AS holds, coalesce(w.posted_cents, 0) < 0 AS credit,
  coalesce(m.auto_top_up, false) AS "autoTopUp", coalesce(m.payout_schedule, 'MANUAL') <> 'MANUAL' AS schedule
FROM (SELECT 1) AS one LEFT JOIN accounts w ON w.name = $3
LEFT JOIN money_settings m ON m.network_id = $1 AND m.user_id = $2`;

async function assertNotNeeded(client: ClientBase, user: UserKey, purpose: 'PAY' | 'PAYOUT', now: Date): Promise<void> {
  const { rows } = await client.query<Record<'holds' | 'credit' | 'autoTopUp' | 'schedule', boolean>>(NEEDED, [
    user.networkId,
    user.userId,
    walletOf(user),
  ]);
  const needed = rows[0];
  if (purpose === 'PAYOUT') {
    if (needed?.schedule === true) throw inUse('Scheduled payouts rest on this payment method alone.');
    const until = await payoutNeededUntil(client, user, now);
    if (until !== undefined) throw neededUntil(until);
    return;
  }
  if (needed?.holds === true) throw inUse('Open holds rest on this payment method alone.');
  if (needed?.credit === true) throw inUse('Credit that is used rests on this payment method alone.');
  if (needed?.autoTopUp === true) throw inUse('Automatic top-ups rest on this payment method alone.');
}

const neededUntil = (until: Date): Error =>
  heidrunFaults.PAYOUT_METHOD_NEEDED('Listed providers rest on this payout method alone.', {
    metadata: { needed_until: until.toISOString() },
    violations: [{ field: 'payment_method_id', description: 'is the last one providers that are listed are paid to' }],
  });

const inUse = (message: string): Error => heidrunFaults.PAYMENT_METHOD_IN_USE(message);
