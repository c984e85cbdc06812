import { type heidrun } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { availableOf, type Balance, balanceOf } from './account-balance.ts';
import { earningsOf, walletOf } from './account-names.ts';
import { type LedgerDeps } from './ledger-deps.ts';
import { resolveAccount } from './resolve-account.ts';
import { seesEverything, userOf } from './visibility.ts';

type AccountDeps = Pick<LedgerDeps, 'pool' | 'currency'>;

const schema = z.object({ accountId: fields.text(600) });

/** GetAccount: an account's balance; of a striped account the sum over its rows. */
export function createGetAccount(deps: AccountDeps) {
  return async (request: heidrun.GetAccountRequest, ctx: CallContext): Promise<heidrun.GetAccountResponse> => {
    const { accountId } = parseWith(schema, request);
    const account = resolveAccount(accountId, ctx.identity);
    const user = userOf(ctx.identity);
    const own = account === walletOf(user) || account === earningsOf(user);
    if (!own && !seesEverything(ctx.identity)) throw accountNotFound();
    const balance = await balanceOf(deps.pool, account);
    // An own account exists from the start, with nothing in it.
    if (balance === undefined && !own) throw accountNotFound();
    return { account: toAccount(deps, account, balance) };
  };
}

/** An account as the contract shows it; zeros where nothing was ever posted. */
export async function accountView(deps: AccountDeps, account: string): Promise<heidrun.Account> {
  return toAccount(deps, account, await balanceOf(deps.pool, account));
}

function toAccount({ currency }: AccountDeps, account: string, balance: Balance | undefined): heidrun.Account {
  return {
    accountId: account,
    postedCents: balance?.postedCents ?? 0n,
    pendingCents: balance?.pendingCents ?? 0n,
    availableCents: balance === undefined ? 0n : availableOf(balance),
    creditLimitCents: balance?.creditLimitCents ?? 0n,
    currency,
    frozen: balance?.frozen ?? false,
  };
}

function accountNotFound(): Error {
  return commonFaults.NOT_FOUND('there is no such account', {
    violations: [{ field: 'account_id', description: 'names no account' }],
  });
}
