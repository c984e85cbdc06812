import { type heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type ClientBase } from 'pg';
import { z } from 'zod';
import { fields } from '../../fields.ts';
import { type UserKey } from '../../ledger/account-names.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { changeMoneySettings } from './change-money-settings.ts';
import { lockMoneySettings } from './money-settings-row.ts';

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  userId: fields.optionalId,
  enabled: z.boolean(),
});

const SET = `
UPDATE money_settings SET netting = $3,
  netting_since = CASE WHEN $3 THEN coalesce(netting_since, ($4::timestamptz AT TIME ZONE 'UTC')::date) END
WHERE network_id = $1 AND user_id = $2`;

/** SetNetting: whether payable earnings pay for a user's own requests, at capture. */
export function createSetNetting(deps: PaymentDeps) {
  return async (request: heidrun.SetNettingRequest, ctx: CallContext): Promise<heidrun.SetNettingResponse> => {
    const { enabled } = parseWith(schema, request);
    const apply = async (client: ClientBase, user: UserKey, now: Date) => {
      await lockMoneySettings(client, user);
      await client.query(SET, [user.networkId, user.userId, enabled, now]);
      return { stored: enabled, details: { enabled } };
    };
    const { stored, replayed } = await changeMoneySettings(deps, request, ctx, 'netting.set', apply);
    return { enabled: stored === true, replayed };
  };
}
