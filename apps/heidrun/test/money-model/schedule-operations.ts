import { heidrun } from '@edda/contracts';
import fc from 'fast-check';
import { nextDate } from './model-schedules.ts';
import { sure } from './money-model.ts';
import { cents, operation } from './operation.ts';

const user = fc.nat({ max: 2 });
const { PayoutSchedule } = heidrun;

const setPayoutSettings = operation({
  name: 'SetPayoutSettings',
  args: fc.record({
    user,
    schedule: fc.constantFrom('MANUAL' as const, 'DAILY' as const, 'WEEKLY' as const, 'MONTHLY' as const),
    minimum: fc.oneof(fc.constant(0n), cents(1, 900)),
  }),
  apply(model, { user: index, schedule, minimum }) {
    const next = nextDate(schedule, model.now);
    sure(model.users, index).payouts = next === undefined ? undefined : { schedule, minimum, next };
    return { replayed: false };
  },
  async call(run, { user: index, schedule, minimum }) {
    const payoutSettings = { schedule: PayoutSchedule[schedule], minimumCents: minimum };
    const named = { idempotencyKey: run.key(), userId: run.cast.users[index] ?? '' };
    const { replayed } = await run.market.admin.setPayoutSettings({ ...named, payoutSettings });
    return { replayed };
  },
});

const setBudgetAlert = operation({
  name: 'SetBudgetAlert',
  args: fc.record({
    user,
    budget: fc.oneof(fc.constant(0n), cents(1, 200)),
    thresholds: fc.constantFrom<number[]>([50], [80, 100], [1, 100, 200], []),
  }),
  apply(model, { user: index, budget, thresholds }) {
    if (budget > 0n && thresholds.length === 0) return { refused: 'INVALID_INPUT' };
    sure(model.users, index).budget = { cents: budget, thresholds };
    return { replayed: false };
  },
  async call(run, { user: index, budget, thresholds }) {
    const budgetAlert = { monthlyBudgetCents: budget, thresholdsPercent: thresholds };
    const named = { idempotencyKey: run.key(), userId: run.cast.users[index] ?? '' };
    const { replayed } = await run.market.admin.setBudgetAlert({ ...named, budgetAlert });
    return { replayed };
  },
});

export const scheduleOperations = { setPayoutSettings, setBudgetAlert };
