import { limits, payOut } from './model-payments.ts';
import { dayOf, type ModelPayout, type ModelUser, type MoneyModel, payableOf, sumFrom } from './money-model.ts';

export type Schedule = 'MANUAL' | 'DAILY' | 'WEEKLY' | 'MONTHLY';

const dayMs = 86_400_000;

/** The next midnight after `now` on a day that the schedule names: any, a Monday, or the first of a month. */
export function nextDate(schedule: Schedule, now: number): number | undefined {
  if (schedule === 'MANUAL') return undefined;
  const named = (date: Date) =>
    schedule === 'DAILY' || (schedule === 'WEEKLY' ? date.getUTCDay() === 1 : date.getUTCDate() === 1);
  let midnight = (Math.floor(now / dayMs) + 1) * dayMs;
  while (!named(new Date(midnight))) midnight += dayMs;
  return midnight;
}

/** Pays out to those whose date has come, once, however many dates have passed. */
export function payScheduled(model: MoneyModel): void {
  for (const [index, user] of model.users.entries()) {
    const { payouts } = user;
    if (payouts === undefined || payouts.next > model.now) continue;
    payouts.next = nextDate(payouts.schedule, model.now) ?? Infinity;
    const amount = payableOf(model, user);
    const least = payouts.minimum > limits.minPayout ? payouts.minimum : limits.minPayout;
    if (user.frozen || amount < least) continue;
    user.earnings -= amount;
    const made: ModelPayout = { user: index, amount, token: user.payoutToken, status: 'PENDING' };
    model.scheduled.push(made);
    payOut(model, made);
  }
}

/** Tells of each threshold of a budget that the month's captures have reached, once per month. */
export function announceBudget(model: MoneyModel, { budget, spent, alerts }: ModelUser): void {
  if (budget.cents === 0n) return;
  const month = dayOf(model.now).slice(0, 7);
  const used = sumFrom(spent, `${month}-01`);
  for (const percent of budget.thresholds) {
    if (used * 100n >= budget.cents * BigInt(percent)) alerts.add(`${month} ${percent}`);
  }
}
