import fc from 'fast-check';
import { heidrun } from '@edda/contracts';
import { dayOf, payoutTokens, payTokens, sure } from './money-model.ts';
import { cents, operation } from './operation.ts';

const user = fc.nat({ max: 2 });
const limit = fc.option(cents(0, 300), { nil: undefined });

const adjust = operation({
  name: 'AdjustBalance',
  args: fc.record({ user, account: fc.constantFrom('wallet' as const, 'earnings' as const), amount: cents(-400, 800) }),
  apply(model, { user: index, account, amount }) {
    const of = sure(model.users, index);
    if (amount === 0n) return { refused: 'INVALID_INPUT' };
    if (account === 'wallet' && amount < 0n && of.wallet + amount - of.reserved + of.creditLimit < 0n) {
      return { refused: 'INSUFFICIENT_FUNDS' };
    }
    of[account] += amount;
    model.revenue -= amount;
    return { moved: amount < 0n ? -amount : amount, replayed: false };
  },
  async call(run, { user: index, account, amount }) {
    const accountId = `${account}:${run.cast.users[index]}`;
    const request = { idempotencyKey: run.key(), accountId, amountCents: amount, reason: 'a correction' };
    const again = async () => {
      const { transfer, replayed } = await run.market.admin.adjustBalance(request);
      return { moved: transfer?.amountCents, replayed };
    };
    const answer = await again();
    run.remember(answer, again);
    return answer;
  },
});

const freeze = operation({
  name: 'FreezeAccount',
  args: fc.record({ user, frozen: fc.oneof({ arbitrary: fc.constant(false), weight: 3 }, fc.constant(true)) }),
  apply(model, { user: index, frozen }) {
    sure(model.users, index).frozen = frozen;
    return { replayed: false };
  },
  async call(run, { user: index, frozen }) {
    const named = { idempotencyKey: run.key(), userId: run.cast.users[index] ?? '', reason: 'looked at' };
    const { replayed } = await run.market.admin.freezeAccount({ ...named, frozen });
    return { replayed };
  },
});

const setSpendingLimit = operation({
  name: 'SetSpendingLimit',
  args: fc.record({ user, daily: limit, monthly: limit }),
  apply(model, { user: index, daily, monthly }) {
    Object.assign(sure(model.users, index), { dailyLimit: daily, monthlyLimit: monthly });
    return { replayed: false };
  },
  async call(run, { user: index, daily, monthly }) {
    const spendingLimit = { dailyCents: daily, monthlyCents: monthly, defaultMaxCostCents: undefined };
    const named = { idempotencyKey: run.key(), userId: run.cast.users[index] ?? '' };
    const { replayed } = await run.market.admin.setSpendingLimit({ ...named, spendingLimit });
    return { replayed };
  },
});

const setCreditLimit = operation({
  name: 'SetCreditLimit',
  args: fc.record({ user, limit: fc.oneof(cents(0, 150), cents(0, 600)) }),
  apply(model, { user: index, limit: creditLimit }) {
    const of = sure(model.users, index);
    if (of.wallet - of.reserved + creditLimit < 0n) return { refused: 'INSUFFICIENT_FUNDS' };
    of.creditLimit = creditLimit;
    return { replayed: false };
  },
  async call(run, { user: index, limit: creditLimitCents }) {
    const named = { idempotencyKey: run.key(), userId: run.cast.users[index] ?? '', reason: 'a good customer' };
    const { replayed } = await run.market.admin.setCreditLimit({ ...named, creditLimitCents });
    return { replayed };
  },
});

const setNetting = operation({
  name: 'SetNetting',
  args: fc.record({ user, enabled: fc.boolean() }),
  apply(model, { user: index, enabled }) {
    const of = sure(model.users, index);
    of.nettingSince = enabled ? (of.nettingSince ?? dayOf(model.now)) : undefined;
    return { enabled, replayed: false };
  },
  async call(run, { user: index, enabled }) {
    const named = { idempotencyKey: run.key(), userId: run.cast.users[index] ?? '' };
    const { enabled: set, replayed } = await run.market.admin.setNetting({ ...named, enabled });
    return { enabled: set, replayed };
  },
});

const setAutoTopUp = operation({
  name: 'SetAutoTopUp',
  args: fc.record({
    ...{ user, enabled: fc.boolean(), threshold: cents(0, 500), amount: cents(90, 900) },
    maximum: fc.option(cents(1, 3_000), { nil: undefined }),
  }),
  apply(model, { user: index, enabled, threshold, amount, maximum }) {
    const of = sure(model.users, index);
    if (enabled && amount < 100n) return { refused: 'TOP_UP_OUT_OF_RANGE' };
    if (enabled && of.frozen) return { refused: 'ACCOUNT_FROZEN' };
    of.autoTopUp = enabled ? { threshold, amount, monthlyMaximum: maximum } : undefined;
    Object.assign(of, { chargeFailures: 0, chargeNotBefore: 0 });
    return { enabled, replayed: false };
  },
  async call(run, { user: index, enabled, threshold, amount, maximum }) {
    const autoTopUp = { enabled, thresholdCents: threshold, amountCents: amount, monthlyMaximumCents: maximum };
    const named = { idempotencyKey: run.key(), userId: run.cast.users[index] ?? '' };
    const answer = await run.market.admin.setAutoTopUp({ ...named, autoTopUp });
    return { enabled: answer.autoTopUp?.enabled, replayed: answer.replayed };
  },
});

const { PaymentPurpose: Purpose } = heidrun;
const setDefaultMethod = operation({
  name: 'SetDefaultPaymentMethod',
  args: fc.record({ user, method: fc.constantFrom(...payTokens, ...payoutTokens) }),
  apply(model, { user: index, method }) {
    const of = sure(model.users, index);
    for (const token of payTokens) if (token === method) of.payToken = token;
    for (const token of payoutTokens) if (token === method) of.payoutToken = token;
    return { replayed: false };
  },
  async call(run, { user: index, method }) {
    const purpose = payTokens.some((token) => token === method) ? Purpose.PAY : Purpose.PAYOUT;
    const paymentMethodId = run.cast.methods[index]?.get(method) ?? '';
    const named = { idempotencyKey: run.key(), userId: run.cast.users[index] ?? '', paymentMethodId };
    const { replayed } = await run.market.admin.setDefaultPaymentMethod({ ...named, purpose });
    return { replayed };
  },
});

export const accountOperations = {
  ...{ adjust, freeze, setSpendingLimit, setCreditLimit, setNetting, setAutoTopUp, setDefaultMethod },
};
