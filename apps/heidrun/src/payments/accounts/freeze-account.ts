import { type heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { withIdempotency } from '@edda/pg-kit';
import { z } from 'zod';
import { fields } from '../../fields.ts';
import { earningsOf, userKey, walletOf } from '../../ledger/account-names.ts';
import { originOf, recordChanges } from '../../record-changes.ts';
import { accountOf, scopeOf } from '../account-of.ts';
import { userBalance } from '../get-balance.ts';
import { type PaymentDeps } from '../payment-deps.ts';

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  userId: fields.id,
  frozen: z.boolean(),
  reason: fields.reason,
});

const SET = `
INSERT INTO accounts (name, base, kind, frozen)
SELECT a.name, a.name, a.kind, $3 FROM (VALUES ($1, 'wallet'), ($2, 'earnings')) AS a (name, kind) ORDER BY a.name
ON CONFLICT (name) DO UPDATE SET frozen = EXCLUDED.frozen`;

/** FreezeAccount: no new holds, top-ups and payouts of a user until it is allowed again; open holds still resolve. */
export function createFreezeAccount(deps: PaymentDeps) {
  return async (request: heidrun.FreezeAccountRequest, ctx: CallContext): Promise<heidrun.FreezeAccountResponse> => {
    const { frozen, reason } = parseWith(schema, request);
    const user = accountOf(ctx, request.userId);
    let replayed = false;
    const scope = scopeOf(request, ctx, deps.clock, () => (replayed = true));
    await withIdempotency(deps.pool, scope, async (client) => {
      await client.query(SET, [walletOf(user), earningsOf(user), frozen]);
      const action = frozen ? 'account.frozen' : 'account.unfrozen';
      const change = { action, subject: `user:${userKey(user)}`, user, reason, details: { frozen } };
      await recordChanges(client, originOf(ctx), deps.clock.now(), [change]);
      return true;
    });
    deps.notify();
    deps.logger.warn({ user_id: user.userId, network_id: user.networkId, frozen, reason }, 'account freeze changed');
    return { balance: await userBalance(deps, deps.pool, user), replayed };
  };
}
