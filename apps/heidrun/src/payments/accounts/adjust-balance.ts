import { heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { withIdempotency } from '@edda/pg-kit';
import { z } from 'zod';
import { heidrunFaults } from '../../faults.ts';
import { fields } from '../../fields.ts';
import { companyRevenue, userOfAccount } from '../../ledger/account-names.ts';
import { accountView } from '../../ledger/get-account.ts';
import { type NewTransfer, postTransfers } from '../../ledger/post-transfers.ts';
import { resolveAccount } from '../../ledger/resolve-account.ts';
import { toWireTransfer } from '../../ledger/to-wire-transfer.ts';
import { originOf, recordChanges } from '../../record-changes.ts';
import { scopeOf } from '../account-of.ts';
import { type PaymentDeps } from '../payment-deps.ts';

const bounds = 'must be −10^12 to 10^12 and not 0';
const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  accountId: fields.text(600).min(1, 'is required'),
  amountCents: z
    .bigint()
    .min(-(10n ** 12n), bounds)
    .max(10n ** 12n, bounds)
    .refine((cents) => cents !== 0n, bounds),
  reason: fields.reason,
});

/** AdjustBalance: an operator's correction, as a transfer from or to the company. */
export function createAdjustBalance(deps: PaymentDeps) {
  return async (request: heidrun.AdjustBalanceRequest, ctx: CallContext): Promise<heidrun.AdjustBalanceResponse> => {
    const { amountCents, reason } = parseWith(schema, request);
    const account = resolveAccount(request.accountId, ctx.identity);
    const user = userOfAccount(account);
    // Admins reach the accounts of their own tenant, as everywhere.
    if (user === undefined || user.networkId !== ctx.identity.networkId) throw notAdjustable();
    let replayed = false;
    const scope = scopeOf(request, ctx, deps.clock, () => (replayed = true));
    const stored: unknown = await withIdempotency(deps.pool, scope, async (client) => {
      const [now, id] = [deps.clock.now(), deps.newId()];
      const transfer: NewTransfer = {
        id: `adjustment:${id}`,
        ...(amountCents > 0n ? { debit: companyRevenue, credit: account } : { debit: account, credit: companyRevenue }),
        amountCents: amountCents > 0n ? amountCents : -amountCents,
        kind: 'ADJUSTMENT',
        memo: reason,
      };
      const [posted] = await postTransfers(client, [transfer], { postedAt: now });
      const details = { account, amount_cents: amountCents, transfer_id: transfer.id };
      const change = { action: 'balance.adjusted', subject: account, user, reason, details };
      await recordChanges(client, originOf(ctx), now, [change]);
      return posted && heidrun.Transfer.toJSON(toWireTransfer(posted));
    });
    deps.notify();
    deps.spent.touch(user);
    return { transfer: heidrun.Transfer.fromJSON(stored), replayed, account: await accountView(deps, account) };
  };
}

const notAdjustable = (): Error =>
  heidrunFaults.ACCOUNT_NOT_ADJUSTABLE('Only wallets and earnings of users are corrected.', {
    violations: [{ field: 'account_id', description: 'must be wallet:<user> or earnings:<user>' }],
  });
