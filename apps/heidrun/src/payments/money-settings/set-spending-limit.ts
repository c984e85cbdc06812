import { heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type ClientBase } from 'pg';
import { z } from 'zod';
import { fields } from '../../fields.ts';
import { type UserKey, walletOf } from '../../ledger/account-names.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { changeMoneySettings } from './change-money-settings.ts';

const limit = fields.cents.optional();
const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  userId: fields.optionalId,
  spendingLimit: z.object({ dailyCents: limit, monthlyCents: limit, defaultMaxCostCents: limit }, 'is required'),
});

// On the wallet's row, which every hold locks: the next hold is decided by the new limit.
const SET = `
INSERT INTO accounts (name, base, kind, daily_limit_cents, monthly_limit_cents, default_max_cost_cents)
VALUES ($1, $1, 'wallet', $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET daily_limit_cents = EXCLUDED.daily_limit_cents,
  monthly_limit_cents = EXCLUDED.monthly_limit_cents, default_max_cost_cents = EXCLUDED.default_max_cost_cents`;

/** SetSpendingLimit: bounds what a user's requests may cost. */
export function createSetSpendingLimit(deps: PaymentDeps) {
  return async (request: heidrun.SetSpendingLimitRequest, ctx: CallContext) => {
    const { spendingLimit } = parseWith(schema, request);
    const apply = async (client: ClientBase, user: UserKey) => {
      const { dailyCents, monthlyCents, defaultMaxCostCents } = spendingLimit;
      await client.query(SET, [walletOf(user), dailyCents ?? null, monthlyCents ?? null, defaultMaxCostCents ?? null]);
      return {
        stored: heidrun.SpendingLimit.toJSON({ dailyCents, monthlyCents, defaultMaxCostCents }),
        details: {
          daily_cents: dailyCents ?? null,
          monthly_cents: monthlyCents ?? null,
          default_max_cost_cents: defaultMaxCostCents ?? null,
        },
      };
    };
    const { stored, replayed } = await changeMoneySettings(deps, request, ctx, 'spending_limit.set', apply);
    return { spendingLimit: heidrun.SpendingLimit.fromJSON(stored), replayed };
  };
}
