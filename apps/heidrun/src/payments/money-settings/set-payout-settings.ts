import { enumName, heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type ClientBase } from 'pg';
import { z } from 'zod';
import { fields } from '../../fields.ts';
import { type UserKey } from '../../ledger/account-names.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { nextPayoutAt } from '../payouts/next-payout-at.ts';
import { changeMoneySettings } from './change-money-settings.ts';
import { lockMoneySettings, type MoneySettingsRow } from './money-settings-row.ts';

const { PayoutSchedule: Schedule } = heidrun;

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  userId: fields.optionalId,
  payoutSettings: z.object(
    {
      schedule: z.union(
        [Schedule.MANUAL, Schedule.DAILY, Schedule.WEEKLY, Schedule.MONTHLY].map((schedule) => z.literal(schedule)),
        { error: 'names no known schedule' },
      ),
      minimumCents: fields.cents,
    },
    'is required',
  ),
});

const SET = `
UPDATE money_settings SET payout_schedule = $3, payout_minimum_cents = $4, next_payout_at = $5
WHERE network_id = $1 AND user_id = $2`;

/** SetPayoutSettings: how often earnings are paid out by themselves, and from which amount on. */
export function createSetPayoutSettings(deps: PaymentDeps) {
  return async (request: heidrun.SetPayoutSettingsRequest, ctx: CallContext) => {
    const { payoutSettings: wanted } = parseWith(schema, request);
    const apply = async (client: ClientBase, user: UserKey, now: Date) => {
      await lockMoneySettings(client, user);
      const { schedule, minimumCents } = wanted;
      const name = (enumName(Schedule, schedule) ?? 'MANUAL') as MoneySettingsRow['payout_schedule'];
      const next = nextPayoutAt(name, now) ?? null;
      await client.query(SET, [user.networkId, user.userId, name, minimumCents, next]);
      return {
        stored: heidrun.PayoutSettings.toJSON(wanted),
        details: { schedule: name, minimum_cents: minimumCents, next_payout_at: next },
      };
    };
    const { stored, replayed } = await changeMoneySettings(deps, request, ctx, 'payout_settings.set', apply);
    return { payoutSettings: heidrun.PayoutSettings.fromJSON(stored), replayed };
  };
}
