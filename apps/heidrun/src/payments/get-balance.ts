import { type heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type ClientBase, type Pool } from 'pg';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { availableOf } from '../ledger/account-balance.ts';
import { earningsOf, type UserKey, walletOf } from '../ledger/account-names.ts';
import { accountOf } from './account-of.ts';
import {
  findMoneySettings,
  toAutoTopUp,
  toBudgetAlert,
  toPayoutSettings,
} from './money-settings/money-settings-row.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { withheldSince } from './payouts/payable.ts';

const schema = z.object({ userId: fields.optionalId });

type BalanceDeps = Pick<PaymentDeps, 'currency' | 'clock' | 'settings'>;

/** GetBalance: what a user has, and what they set about it. */
export function createGetBalance(deps: PaymentDeps) {
  return async (request: heidrun.GetBalanceRequest, ctx: CallContext): Promise<heidrun.GetBalanceResponse> => {
    parseWith(schema, request);
    const user = accountOf(ctx, request.userId);
    const figures = await figuresOf(deps, deps.pool, user);
    const set = await findMoneySettings(deps.pool, user);
    return {
      balance: toBalance(deps, user, figures),
      spendingLimit: {
        dailyCents: figures.dailyLimit ?? undefined,
        monthlyCents: figures.monthlyLimit ?? undefined,
        defaultMaxCostCents: figures.defaultMaxCost ?? undefined,
      },
      payoutSettings: set && toPayoutSettings(set),
      autoTopUp: set && toAutoTopUp(set),
      budgetAlert: set && toBudgetAlert(set),
      nettingEnabled: set?.netting ?? false,
    };
  };
}

interface Figures {
  posted: bigint;
  pending: bigint;
  creditLimit: bigint;
  frozen: boolean;
  dailyLimit: bigint | null;
  monthlyLimit: bigint | null;
  defaultMaxCost: bigint | null;
  earned: bigint;
  withheld: bigint;
  pendingPayout: bigint;
}

// One statement, so that no figure is of another instant than the rest; zeros where nothing was ever posted.
const FIGURES = `
SELECT coalesce(w.posted_cents, 0) AS posted, coalesce(w.pending_cents, 0) AS pending,
  coalesce(w.credit_limit_cents, 0) AS "creditLimit", coalesce(w.frozen, false) OR coalesce(e.frozen, false) AS frozen,
  w.daily_limit_cents AS "dailyLimit", w.monthly_limit_cents AS "monthlyLimit",
  w.default_max_cost_cents AS "defaultMaxCost", coalesce(e.posted_cents, 0) AS earned,
  coalesce((SELECT sum(d.earned_cents) FROM earnings_days d WHERE d.account_id = e.id AND d.day >= $5::date), 0)::bigint
    AS withheld,
  coalesce((SELECT sum(p.amount_cents) FROM payouts p WHERE p.network_id = $3 AND p.user_id = $4
    AND p.status IN ('PENDING', 'IN_TRANSIT')), 0)::bigint AS "pendingPayout"
FROM (SELECT 1) AS one LEFT JOIN accounts w ON w.name = $1 LEFT JOIN accounts e ON e.name = $2`;

async function figuresOf(deps: BalanceDeps, db: Pool | ClientBase, user: UserKey): Promise<Figures> {
  const { rows } = await db.query<Figures>({
    name: 'user-balance',
    text: FIGURES,
    values: [walletOf(user), earningsOf(user), user.networkId, user.userId, withheldSince(deps)],
  });
  return rows[0] as Figures;
}

/** A user's wallet, earnings and payouts on their way, all of one instant. */
export async function userBalance(deps: BalanceDeps, db: Pool | ClientBase, user: UserKey): Promise<heidrun.Balance> {
  return toBalance(deps, user, await figuresOf(deps, db, user));
}

function toBalance({ currency }: BalanceDeps, { userId }: UserKey, figures: Figures): heidrun.Balance {
  const { posted, pending, creditLimit, earned, withheld } = figures;
  return {
    userId,
    currency,
    postedCents: posted,
    reservedCents: pending,
    availableCents: availableOf({ postedCents: posted, pendingCents: pending, creditLimitCents: creditLimit }),
    creditLimitCents: creditLimit,
    earningsPayableCents: earned - withheld,
    earningsWithheldCents: withheld,
    pendingPayoutCents: figures.pendingPayout,
    frozen: figures.frozen,
  };
}
