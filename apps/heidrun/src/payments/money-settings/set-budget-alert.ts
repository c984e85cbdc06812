import { heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type ClientBase } from 'pg';
import { z } from 'zod';
import { fields } from '../../fields.ts';
import { type UserKey } from '../../ledger/account-names.ts';
import { accountOf } from '../account-of.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { changeMoneySettings } from './change-money-settings.ts';
import { lockMoneySettings } from './money-settings-row.ts';

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  userId: fields.optionalId,
  budgetAlert: z
    .object(
      {
        monthlyBudgetCents: fields.cents,
        thresholdsPercent: z
          .array(z.int().min(1, 'must be 1 to 200').max(200, 'must be 1 to 200'))
          .max(10, 'has at most 10 thresholds')
          .refine(
            (thresholds) => thresholds.every((percent, i) => i === 0 || percent > (thresholds[i - 1] ?? 0)),
            'must ascend',
          ),
      },
      'is required',
    )
    .refine(({ monthlyBudgetCents, thresholdsPercent }) => monthlyBudgetCents === 0n || thresholdsPercent.length > 0, {
      path: ['thresholdsPercent'],
      error: 'needs a threshold',
    }),
});

const SET = `
UPDATE money_settings SET budget_cents = $3, budget_thresholds = $4 WHERE network_id = $1 AND user_id = $2`;

/** SetBudgetAlert: the budget whose use raises `heidrun.budget.reached`, each threshold once per month. */
export function createSetBudgetAlert(deps: PaymentDeps) {
  return async (request: heidrun.SetBudgetAlertRequest, ctx: CallContext) => {
    const { budgetAlert: wanted } = parseWith(schema, request);
    const apply = async (client: ClientBase, user: UserKey) => {
      await lockMoneySettings(client, user);
      const { monthlyBudgetCents, thresholdsPercent } = wanted;
      await client.query(SET, [user.networkId, user.userId, monthlyBudgetCents, thresholdsPercent]);
      return {
        stored: heidrun.BudgetAlert.toJSON(wanted),
        details: { monthly_budget_cents: monthlyBudgetCents, thresholds_percent: thresholdsPercent },
      };
    };
    const { stored, replayed } = await changeMoneySettings(deps, request, ctx, 'budget_alert.set', apply);
    deps.spent.touch(accountOf(ctx, request.userId));
    return { budgetAlert: heidrun.BudgetAlert.fromJSON(stored), replayed };
  };
}
