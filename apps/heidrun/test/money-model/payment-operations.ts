import fc from 'fast-check';
import { enumName, heidrun } from '@edda/contracts';
import { asFault } from '@edda/faults';
import { availableOf, type MoneyModel, payableOf, payoutTokens, payTokens, recent, sure } from './money-model.ts';
import { charge, credit, limits, payOut } from './model-payments.ts';
import { anyOne, cents, operation } from './operation.ts';

const user = fc.nat({ max: 2 });
const { PayoutStatus, TopUpStatus } = heidrun;
const anyTopUp = ({ topUps }: MoneyModel): boolean => topUps.length > 0;

const topUp = operation({
  name: 'TopUp',
  args: fc.record({
    user,
    amount: fc.oneof({ arbitrary: cents(100, 3_000), weight: 9 }, { arbitrary: cents(1, 99), weight: 1 }),
    token: fc.option(fc.constantFrom(...payTokens), { nil: undefined, freq: 2 }),
  }),
  apply(model, { user: index, amount, token }) {
    const payer = sure(model.users, index);
    if (amount < limits.minTopUp) return { refused: 'TOP_UP_OUT_OF_RANGE' };
    if (payer.frozen) return { refused: 'ACCOUNT_FROZEN' };
    const common = { user: index, amount, token: token ?? payer.payToken, createdAt: model.now };
    const made = { ...common, status: 'UNSENT' as const, reversed: 0n };
    model.topUps.push(made);
    charge(model, made, true);
    const status: string = made.status;
    if (status === 'FAILED') return { refused: 'PAYMENT_DECLINED' };
    return { status: status === 'SUCCEEDED' ? 'SUCCEEDED' : 'PENDING', amount, replayed: false };
  },
  async call(run, { user: index, amount, token }) {
    const { users, methods } = run.cast;
    const paymentMethodId = token === undefined ? '' : (methods[index]?.get(token) ?? '');
    const request = { idempotencyKey: run.key(), userId: users[index] ?? '', amountCents: amount, paymentMethodId };
    try {
      const answer = await run.market.admin.topUp(request);
      run.topUps.push(answer.topUp?.id ?? '');
      const status = enumName(TopUpStatus, answer.topUp?.status ?? TopUpStatus.UNSPECIFIED);
      return { status, amount: answer.topUp?.amountCents, replayed: answer.replayed };
    } catch (error) {
      // A declined charge was one all the same: its payer may still confirm it.
      const id = asFault(error).metadata['top_up_id'];
      if (id !== undefined) run.topUps.push(id);
      throw error;
    }
  },
});

const chargeNews = operation({
  name: 'notification of a charge',
  args: fc.record({ topUp: anyOne, type: fc.constantFrom('confirmed' as const, 'declined' as const) }),
  possible: anyTopUp,
  apply(model, { topUp: index, type }) {
    const about = recent(model.topUps, index);
    const late = type === 'confirmed' && about.status === 'FAILED';
    if (late || (type === 'confirmed' && about.status === 'WAITING')) credit(model, about);
    if (type === 'declined' && about.status === 'WAITING') about.status = 'FAILED';
    return { replayed: false };
  },
  async call(run, { topUp: index, type }) {
    const { replayed } = await run.market.notify(`charge.${type}`, `topup:${recent(run.topUps, index)}`);
    return { replayed };
  },
});

const chargeBack = operation({
  name: 'notification of a chargeback',
  args: fc.record({ topUp: anyOne, reversed: cents(1, 3_000) }),
  possible: anyTopUp,
  apply(model, { topUp: index, reversed }) {
    const about = recent(model.topUps, index);
    const total = reversed < about.amount ? reversed : about.amount;
    const amount = total - about.reversed;
    if (about.status !== 'SUCCEEDED' || amount <= 0n) return { replayed: false };
    const payer = sure(model.users, about.user);
    const available = availableOf(payer);
    const fromWallet = available < amount ? available : amount;
    about.reversed = total;
    payer.wallet -= fromWallet;
    model.revenue -= amount - fromWallet;
    model.clearing += amount;
    payer.frozen = true;
    return { replayed: false };
  },
  async call(run, { topUp: index, reversed }) {
    const more = { reversed_cents: Number(reversed) };
    const { replayed } = await run.market.notify('charge.reversed', `topup:${recent(run.topUps, index)}`, more);
    return { replayed };
  },
});

const requestPayout = operation({
  name: 'RequestPayout',
  args: fc.record({
    user,
    amount: fc.oneof(fc.constant(0n), cents(1, 400)),
    token: fc.option(fc.constantFrom(...payoutTokens), { nil: undefined, freq: 2 }),
  }),
  apply(model, { user: index, amount: wanted, token }) {
    const payee = sure(model.users, index);
    if (payee.frozen) return { refused: 'ACCOUNT_FROZEN' };
    const payable = payableOf(model, payee);
    const amount = wanted === 0n ? payable : wanted;
    if (amount > payable) return { refused: 'INSUFFICIENT_FUNDS' };
    if (amount < limits.minPayout) return { refused: 'PAYOUT_BELOW_MINIMUM' };
    payee.earnings -= amount;
    const made: MoneyModel['payouts'][number] = {
      ...{ user: index, amount, token: token ?? payee.payoutToken, status: 'PENDING' },
    };
    model.payouts.push(made);
    payOut(model, made);
    return { amount, status: made.status, replayed: false };
  },
  async call(run, { user: index, amount, token }) {
    const { users, methods } = run.cast;
    const paymentMethodId = token === undefined ? '' : (methods[index]?.get(token) ?? '');
    const request = { idempotencyKey: run.key(), userId: users[index] ?? '', amountCents: amount, paymentMethodId };
    const again = async () => run.market.admin.requestPayout(request);
    const { payout, replayed } = await again();
    run.payouts.push(payout?.id ?? '');
    const known = { id: payout?.id, amount: payout?.amountCents };
    run.remember({ ...known, replayed }, async () => {
      const repeated = await again();
      return { id: repeated.payout?.id, amount: repeated.payout?.amountCents, replayed: repeated.replayed };
    });
    return {
      amount: payout?.amountCents,
      status: enumName(PayoutStatus, payout?.status ?? PayoutStatus.UNSPECIFIED),
      replayed,
    };
  },
});

const payoutNews = operation({
  name: 'notification of a payout',
  args: fc.record({ payout: anyOne, type: fc.constantFrom('paid' as const, 'failed' as const) }),
  possible: ({ payouts }) => payouts.length > 0,
  apply(model, { payout: index, type }) {
    const about = recent(model.payouts, index);
    const payee = sure(model.users, about.user);
    if (type === 'paid' && about.status === 'IN_TRANSIT') {
      about.status = 'PAID';
      model.clearing += about.amount;
    } else if (type === 'failed' && (about.status === 'IN_TRANSIT' || about.status === 'PAID')) {
      // Sent back by the bank after it had arrived.
      if (about.status === 'PAID') model.clearing -= about.amount;
      about.status = 'FAILED';
      payee.earnings += about.amount;
    }
    return { replayed: false };
  },
  async call(run, { payout: index, type }) {
    const { replayed } = await run.market.notify(`payout.${type}`, `payout:${recent(run.payouts, index)}`);
    return { replayed };
  },
});

export const paymentOperations = { topUp, chargeNews, chargeBack, requestPayout, payoutNews };
