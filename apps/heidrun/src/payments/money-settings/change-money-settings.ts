import { type CallContext } from '@edda/grpc-kit';
import { withIdempotency } from '@edda/pg-kit';
import { type ClientBase } from 'pg';
import { type UserKey, userKey } from '../../ledger/account-names.ts';
import { originOf, recordChanges } from '../../record-changes.ts';
import { accountOf, scopeOf } from '../account-of.ts';
import { type PaymentDeps } from '../payment-deps.ts';

interface Named {
  idempotencyKey: string;
  userId: string;
}

/** What a change leaves behind: the answer as JSON, and its facts for audit log and history. */
export interface AppliedChange {
  stored: unknown;
  details: Record<string, unknown>;
}

/**
 * One change of a user's settings about money: once per key, with its audit record and event, in one transaction.
 * @param action `<noun>.<verb>`
 */
export async function changeMoneySettings(
  deps: PaymentDeps,
  request: Named,
  ctx: CallContext,
  action: string,
  apply: (client: ClientBase, user: UserKey, now: Date) => Promise<AppliedChange>,
): Promise<{ stored: unknown; replayed: boolean }> {
  const user = accountOf(ctx, request.userId);
  let replayed = false;
  const scope = scopeOf(request, ctx, deps.clock, () => (replayed = true));
  const stored: unknown = await withIdempotency(deps.pool, scope, async (client) => {
    const now = deps.clock.now();
    const { stored: answer, details } = await apply(client, user, now);
    await recordChanges(client, originOf(ctx), now, [{ action, subject: `user:${userKey(user)}`, user, details }]);
    return answer;
  });
  deps.notify();
  return { stored, replayed };
}
