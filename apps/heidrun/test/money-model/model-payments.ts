import { announceBudget, payScheduled } from './model-schedules.ts';
import {
  add,
  availableOf,
  dayOf,
  type ModelTopUp,
  type ModelUser,
  type MoneyModel,
  payableOf,
  type PayToken,
  sumFrom,
  sure,
} from './money-model.ts';

/** As the service is started with. */
export const limits = {
  minTopUp: 100n,
  maxTopUp: 1_000_000n,
  minPayout: 100n,
  retryAfterSeconds: 30,
  topUpExpirySeconds: 604_800,
  autoTopUpFailures: 3,
  creditChargePercent: 80n,
};

/** What the payment provider makes of a charge. */
export function charge(model: MoneyModel, topUp: ModelTopUp, attended: boolean): void {
  if (!model.providerAnswers) return;
  if (topUp.token === 'tok_sandbox_visa') credit(model, topUp);
  else topUp.status = topUp.token === 'tok_sandbox_action_required' && attended ? 'WAITING' : 'FAILED';
}

export function credit(model: MoneyModel, topUp: ModelTopUp): void {
  topUp.status = 'SUCCEEDED';
  sure(model.users, topUp.user).wallet += topUp.amount;
  model.clearing -= topUp.amount;
}

/** What the payment provider makes of a payout whose money is set aside. */
export function payOut(model: MoneyModel, payout: MoneyModel['payouts'][number]): void {
  if (!model.providerAnswers) return;
  if (payout.token === 'tok_sandbox_bank') {
    payout.status = 'PAID';
    model.clearing += payout.amount;
  } else if (payout.token === 'tok_sandbox_payout_fails') {
    payout.status = 'FAILED';
    sure(model.users, payout.user).earnings += payout.amount;
  } else payout.status = 'IN_TRANSIT';
}

/** What follows by itself: expiry, scheduled payouts, what is taken up again, netting, budgets, automatic charges. */
export function followUp(model: MoneyModel): void {
  for (const hold of model.holds) {
    if (hold.state !== 'PENDING' || hold.expiresAt > model.now) continue;
    hold.state = 'EXPIRED';
    sure(model.users, hold.user).reserved -= hold.held;
  }
  payScheduled(model);
  for (const topUp of model.topUps) {
    const late = topUp.createdAt + limits.topUpExpirySeconds * 1_000 <= model.now;
    if (topUp.status === 'WAITING' && late && model.providerAnswers) topUp.status = 'FAILED';
    if (topUp.status === 'UNSENT') charge(model, topUp, true);
  }
  for (const topUp of model.automatic.filter(({ status }) => status === 'UNSENT')) finishAutomatic(model, topUp);
  for (const payout of [...model.payouts, ...model.scheduled]) if (payout.status === 'PENDING') payOut(model, payout);
  for (const [index, user] of model.users.entries()) {
    netEarnings(model, user);
    announceBudget(model, user);
    while (chargeAutomatically(model, user, index)) continue;
  }
}

function netEarnings(model: MoneyModel, user: ModelUser): void {
  const { nettingSince: since } = user;
  if (since === undefined) return;
  const open = sumFrom(user.spent, since) - sumFrom(user.netted, since);
  const payable = payableOf(model, user);
  let left = open < payable ? open : payable;
  if (left <= 0n) return;
  user.earnings -= left;
  user.wallet += left;
  for (const day of [...user.spent.keys()].filter((kept) => kept >= since).toSorted()) {
    const rest = (user.spent.get(day) ?? 0n) - (user.netted.get(day) ?? 0n);
    const part = rest < left ? rest : left;
    add(user.netted, day, part);
    left -= part;
  }
}

/** @returns whether money arrived, so that another look is due */
function chargeAutomatically(model: MoneyModel, user: ModelUser, index: number): boolean {
  if (user.frozen || user.chargeNotBefore > model.now) return false;
  if (model.automatic.some((charge) => charge.user === index && charge.status === 'UNSENT')) return false;
  const owed = -user.wallet;
  const creditDue = user.creditLimit > 0n && owed * 100n >= user.creditLimit * limits.creditChargePercent;
  if (creditDue && owed >= limits.minTopUp) return begin(model, user, index, owed, 'CREDIT');
  const auto = user.autoTopUp;
  if (auto === undefined || availableOf(user) >= auto.threshold) return false;
  const month = dayOf(model.now).slice(0, 7);
  const bought = model.automatic
    .filter((one) => one.user === index && one.origin === 'AUTOMATIC' && one.status !== 'FAILED')
    .reduce((sum, { createdAt, amount }) => (dayOf(createdAt).startsWith(month) ? sum + amount : sum), 0n);
  if (auto.monthlyMaximum !== undefined && bought + auto.amount > auto.monthlyMaximum) return false;
  return begin(model, user, index, auto.amount, 'AUTOMATIC');
}

function begin(
  model: MoneyModel,
  { payToken }: { payToken: PayToken },
  user: number,
  amount: bigint,
  origin: 'AUTOMATIC' | 'CREDIT',
): boolean {
  const common = { user, amount, token: payToken, createdAt: model.now, status: 'UNSENT', reversed: 0n } as const;
  const charge = { ...common, origin };
  model.automatic.push(charge);
  return finishAutomatic(model, charge);
}

function finishAutomatic(model: MoneyModel, topUp: MoneyModel['automatic'][number]): boolean {
  charge(model, topUp, false);
  const user = sure(model.users, topUp.user);
  if (topUp.status === 'SUCCEEDED') Object.assign(user, { chargeFailures: 0, chargeNotBefore: 0 });
  if (topUp.status === 'FAILED') {
    const pauseSeconds = Math.min(86_400, limits.retryAfterSeconds * 2 ** user.chargeFailures);
    user.chargeNotBefore = model.now + pauseSeconds * 1_000;
    user.chargeFailures += 1;
    const off = topUp.origin === 'AUTOMATIC' && user.chargeFailures >= limits.autoTopUpFailures;
    if (off) user.autoTopUp = undefined;
  }
  return topUp.status === 'SUCCEEDED';
}
