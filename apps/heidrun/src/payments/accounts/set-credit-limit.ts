import { type heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { withIdempotency } from '@edda/pg-kit';
import { z } from 'zod';
import { fields } from '../../fields.ts';
import { userKey, walletOf } from '../../ledger/account-names.ts';
import { accountView } from '../../ledger/get-account.ts';
import { asLedgerFault } from '../../ledger/post-transfers.ts';
import { originOf, recordChanges } from '../../record-changes.ts';
import { accountOf, scopeOf } from '../account-of.ts';
import { lockMoneySettings } from '../money-settings/money-settings-row.ts';
import { type PaymentDeps } from '../payment-deps.ts';

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  userId: fields.id,
  creditLimitCents: fields.cents,
  reason: fields.reason,
});

const SET = `
INSERT INTO accounts (name, base, kind, credit_limit_cents) VALUES ($1, $1, 'wallet', $2)
ON CONFLICT (name) DO UPDATE SET credit_limit_cents = EXCLUDED.credit_limit_cents`;

/**
 * SetCreditLimit: how far a wallet may go below zero. What is owed is charged to the user's payment method once it
 * reaches the share of the limit that is a setting.
 */
export function createSetCreditLimit(deps: PaymentDeps) {
  return async (request: heidrun.SetCreditLimitRequest, ctx: CallContext): Promise<heidrun.SetCreditLimitResponse> => {
    const { creditLimitCents, reason } = parseWith(schema, request);
    const user = accountOf(ctx, request.userId);
    let replayed = false;
    const scope = scopeOf(request, ctx, deps.clock, () => (replayed = true));
    await withIdempotency(deps.pool, scope, async (client) => {
      await lockMoneySettings(client, user);
      await client.query(SET, [walletOf(user), creditLimitCents]).catch((error: unknown) => {
        throw asLedgerFault(error);
      });
      const details = { credit_limit_cents: creditLimitCents };
      const change = { action: 'credit_limit.set', subject: `user:${userKey(user)}`, user, reason, details };
      await recordChanges(client, originOf(ctx), deps.clock.now(), [change]);
      return true;
    });
    deps.notify();
    deps.spent.touch(user);
    return { account: await accountView(deps, walletOf(user)), replayed };
  };
}
