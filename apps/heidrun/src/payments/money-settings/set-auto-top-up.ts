import { heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type ClientBase } from 'pg';
import { z } from 'zod';
import { heidrunFaults } from '../../faults.ts';
import { fields } from '../../fields.ts';
import { type UserKey, walletOf } from '../../ledger/account-names.ts';
import { accountOf } from '../account-of.ts';
import { checkTopUpRange } from '../begin-top-up.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { assertNotFrozen } from '../method-changes.ts';
import { readinessOf } from '../payment-readiness.ts';
import { changeMoneySettings } from './change-money-settings.ts';
import { lockMoneySettings } from './money-settings-row.ts';

const off = z.object({ enabled: z.literal(false) });
const on = z.object({
  enabled: z.literal(true),
  thresholdCents: fields.cents,
  // Its bounds are settings and have a reason of their own.
  amountCents: z.bigint(),
  monthlyMaximumCents: fields.cents.min(1n, 'must be 1 to 10^12').optional(),
});
const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  userId: fields.optionalId,
  autoTopUp: z.discriminatedUnion('enabled', [off, on], 'is required'),
});

// Who never had any money has none: below every threshold.
const MAKE_WALLET = `
INSERT INTO accounts (name, base, kind) VALUES ($1, $1, 'wallet') ON CONFLICT (name) DO NOTHING`;
// A new start: failures before it are forgotten.
const SET = `
UPDATE money_settings SET auto_top_up = $3, auto_threshold_cents = $4, auto_amount_cents = $5,
  auto_monthly_maximum_cents = $6, charge_failures = 0, charge_not_before = NULL
WHERE network_id = $1 AND user_id = $2`;

/** SetAutoTopUp: buys wallet money by itself once what is available falls below a threshold. */
export function createSetAutoTopUp(deps: PaymentDeps) {
  return async (request: heidrun.SetAutoTopUpRequest, ctx: CallContext) => {
    const { autoTopUp } = parseWith(schema, request);
    const wanted: heidrun.AutoTopUp = autoTopUp.enabled
      ? { ...autoTopUp, monthlyMaximumCents: autoTopUp.monthlyMaximumCents }
      : { enabled: false, thresholdCents: 0n, amountCents: 0n, monthlyMaximumCents: undefined };
    if (wanted.enabled) checkTopUpRange(deps, wanted.amountCents, 'auto_top_up.amount_cents');
    const apply = async (client: ClientBase, user: UserKey, now: Date) => {
      await lockMoneySettings(client, user);
      if (wanted.enabled) await assertNotFrozen(client, user);
      if (wanted.enabled && !(await readinessOf(client, user, 'pay', now)).ready) throw required();
      const { enabled, thresholdCents, amountCents, monthlyMaximumCents } = wanted;
      await client.query(MAKE_WALLET, [walletOf(user)]);
      const { networkId, userId } = user;
      await client.query(SET, [networkId, userId, enabled, thresholdCents, amountCents, monthlyMaximumCents ?? null]);
      return {
        stored: heidrun.AutoTopUp.toJSON(wanted),
        details: {
          enabled,
          threshold_cents: thresholdCents,
          amount_cents: amountCents,
          monthly_maximum_cents: monthlyMaximumCents ?? null,
        },
      };
    };
    const { stored, replayed } = await changeMoneySettings(deps, request, ctx, 'auto_topup.set', apply);
    deps.spent.touch(accountOf(ctx, request.userId));
    return { autoTopUp: heidrun.AutoTopUp.fromJSON(stored), replayed };
  };
}

const required = (): Error =>
  heidrunFaults.PAYMENT_METHOD_REQUIRED('Automatic top-ups need a verified payment method for paying.');
