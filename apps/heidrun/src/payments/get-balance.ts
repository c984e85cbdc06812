import { type heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type ClientBase, type Pool } from 'pg';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { availableOf, balanceOf } from '../ledger/account-balance.ts';
import { earningsOf, type UserKey, walletOf } from '../ledger/account-names.ts';
import { accountOf } from './account-of.ts';
import { type PaymentDeps } from './payment-deps.ts';

const schema = z.object({ userId: fields.optionalId });

/** GetBalance. What users cannot set yet (limits, payouts, netting) is left out of the answer. */
export function createGetBalance(deps: PaymentDeps) {
  return async (request: heidrun.GetBalanceRequest, ctx: CallContext): Promise<heidrun.GetBalanceResponse> => {
    parseWith(schema, request);
    const balance = await userBalance(deps.pool, accountOf(ctx, request.userId), deps.currency);
    return {
      balance,
      spendingLimit: undefined,
      payoutSettings: undefined,
      autoTopUp: undefined,
      budgetAlert: undefined,
      nettingEnabled: false,
    };
  };
}

/** A user's wallet and earnings; zeros where nothing was ever posted. */
export async function userBalance(db: Pool | ClientBase, user: UserKey, currency: string): Promise<heidrun.Balance> {
  const none = { postedCents: 0n, pendingCents: 0n, creditLimitCents: 0n, frozen: false };
  const wallet = (await balanceOf(db, walletOf(user))) ?? none;
  const earnings = (await balanceOf(db, earningsOf(user))) ?? none;
  return {
    userId: user.userId,
    currency,
    postedCents: wallet.postedCents,
    reservedCents: wallet.pendingCents,
    availableCents: availableOf(wallet),
    creditLimitCents: wallet.creditLimitCents,
    earningsPayableCents: earnings.postedCents,
    earningsWithheldCents: 0n,
    pendingPayoutCents: 0n,
    frozen: wallet.frozen || earnings.frozen,
  };
}
