import { randomBytes, randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { earningsOf, walletOf } from '../src/ledger/account-names.ts';
import { rotateTokens } from '../src/payments/rotate-tokens.ts';
import { createTokenSeal } from '../src/payments/token-seal.ts';
import { cardRequest, type Fixture, settings, startPayments, topUpRequest } from './payments-fixture.ts';

let f: Fixture;

beforeAll(async () => {
  f = await startPayments();
});
afterEach(() => {
  f.current.provider = f.sandbox;
});
afterAll(() => f.close());

const key = () => ({ idempotencyKey: randomUUID(), userId: '' });
const admin = () => f.payments('root', ['admin']);
const userOf = (userId: string) => ({ networkId: 'n', userId });
const balanceOf = async (subject: string) =>
  (await f.payments(subject).getBalance({ userId: '' })).balance ?? expect.fail('no balance');
const eventsOf = async (subject: string, type: string) => {
  const text = 'SELECT payload FROM outbox_events WHERE subject = $1 AND type = $2 ORDER BY sequence';
  const { rows } = await f.pool.query<{ payload: Record<string, unknown> }>(text, [walletOf(userOf(subject)), type]);
  return rows.map(({ payload }) => payload);
};

let captures = 0;
/** What a capture posts: earnings to somebody, paid by the user's wallet. */
async function spend(subject: string, cents: number, earner = 'somebody') {
  const [debit, credit] = [walletOf(userOf(subject)), earningsOf(userOf(earner))];
  const accounts = [debit, credit].map((name) => ({ name, base: name, kind: name.split(':')[0] }));
  const transfer = { id: `spent-${(captures += 1)}`, debit, credit, amount_cents: cents, kind: 'EARNINGS' };
  const rest = { transaction_id: '', request_id: '', provider_id: '', reverses_id: '', memo: '' };
  const values = [JSON.stringify(accounts), JSON.stringify([{ ...transfer, ...rest }]), '[]', f.clock.now()];
  await f.pool.query('SELECT post_transfers($1::jsonb, $2::jsonb, $3::jsonb, $4)', values);
  f.spent.touch(userOf(subject));
  await f.spent.idle();
}

/** A user with a card and this much in the wallet. */
async function payer(subject: string, cents: bigint, token = 'tok_sandbox_visa') {
  const client = f.payments(subject);
  await client.addPaymentMethod(cardRequest({ token }));
  if (cents > 0n) {
    const account = { idempotencyKey: randomUUID(), accountId: `wallet:${subject}`, amountCents: cents };
    await admin().adjustBalance({ ...account, reason: 'test' });
  }
  return client;
}
const autoTopUp = (more: Partial<heidrun.AutoTopUp> = {}) =>
  heidrun.SetAutoTopUpRequest.fromPartial({
    ...key(),
    autoTopUp: { enabled: true, thresholdCents: 500n, amountCents: 1_000n, ...more },
  });
const topUps = async (subject: string) =>
  (
    await f.pool.query<{ status: string; origin: string; amount_cents: bigint }>(
      'SELECT status, origin, amount_cents FROM top_ups WHERE user_id = $1 ORDER BY created_at',
      [subject],
    )
  ).rows;

describe('automatic top-ups', () => {
  it('buy once what is available falls below the threshold, and not before', async () => {
    const client = await payer('anna', 1_000n);
    await client.setAutoTopUp(autoTopUp());
    await spend('anna', 500);
    expect(await topUps('anna')).toEqual([]);
    await spend('anna', 1);
    expect(await topUps('anna')).toEqual([{ status: 'SUCCEEDED', origin: 'AUTOMATIC', amount_cents: 1_000n }]);
    expect((await balanceOf('anna')).availableCents).toBe(1_499n);
  });

  it('are one at a time, however often the user is looked at', async () => {
    const client = await payer('ben', 600n);
    await client.setAutoTopUp(autoTopUp());
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    f.current.provider = { ...f.sandbox, charge: async (request) => gate.then(() => f.sandbox.charge(request)) };
    const spending = spend('ben', 200);
    const looks = Promise.all(Array.from({ length: 5 }, () => f.spent.sweep()));
    release();
    await Promise.all([spending, looks]);
    await f.spent.idle();
    expect(await topUps('ben')).toHaveLength(1);
  });

  it('stop at the monthly maximum, and go on in the next month', async () => {
    const client = await payer('cora', 500n);
    await client.setAutoTopUp(autoTopUp({ amountCents: 300n, monthlyMaximumCents: 500n }));
    await spend('cora', 100);
    await spend('cora', 300);
    expect(await topUps('cora')).toHaveLength(1);
    f.clock.advance(31 * 86_400_000);
    await f.spent.sweep();
    expect(await topUps('cora')).toHaveLength(2);
  });

  it('wait ever longer after declined charges, and turn themselves off with an event', async () => {
    const client = await payer('dora', 600n);
    await client.setAutoTopUp(autoTopUp());
    f.current.provider = {
      ...f.sandbox,
      charge: async () => Promise.resolve({ status: 'declined', providerReference: 'x', reason: 'no' }),
    };
    await spend('dora', 200);
    await f.spent.sweep();
    expect(await topUps('dora')).toHaveLength(1);
    for (let i = 1; i < settings.autoTopUpFailures; i++) {
      f.clock.advance(settings.retryAfterSeconds * 1_000 * 2 ** i);
      await f.spent.sweep();
    }
    expect((await topUps('dora')).map(({ status }) => status)).toEqual(Array(3).fill('FAILED'));
    expect(await eventsOf('dora', 'heidrun.auto_topup.disabled')).toMatchObject([{ failures: 3 }]);
    expect((await client.getBalance({ userId: '' })).autoTopUp?.enabled).toBe(false);
    f.clock.advance(86_400_000);
    await f.spent.sweep();
    expect(await topUps('dora')).toHaveLength(3);
  });

  it('begin at once for somebody who never had any money', async () => {
    const client = await payer('newt', 0n);
    await client.setAutoTopUp(autoTopUp());
    await f.spent.idle();
    expect((await balanceOf('newt')).availableCents).toBe(1_000n);
  });

  it('happen where credit is owed that is less than a top-up may be', async () => {
    const client = await payer('olga', 0n);
    const limit = { idempotencyKey: randomUUID(), userId: 'olga', creditLimitCents: 50n, reason: 'a good customer' };
    await admin().setCreditLimit(limit);
    await spend('olga', 45);
    expect(await topUps('olga')).toEqual([]);
    await client.setAutoTopUp(autoTopUp());
    await f.spent.idle();
    expect(await topUps('olga')).toEqual([{ status: 'SUCCEEDED', origin: 'AUTOMATIC', amount_cents: 1_000n }]);
  });

  it('are not turned on for a frozen account', async () => {
    const client = await payer('pia', 500n);
    await admin().freezeAccount({ ...key(), userId: 'pia', frozen: true, reason: 'looked at' });
    await expect(client.setAutoTopUp(autoTopUp())).rejects.toMatchObject({ reason: 'ACCOUNT_FROZEN' });
  });

  it('are refused without a method or out of bounds, and keep the last method', async () => {
    const nobody = f.payments('emil');
    await expect(nobody.setAutoTopUp(autoTopUp())).rejects.toMatchObject({ reason: 'PAYMENT_METHOD_REQUIRED' });
    const client = await payer('fay', 1_000n);
    await expect(client.setAutoTopUp(autoTopUp({ amountCents: 1n }))).rejects.toMatchObject({
      reason: 'TOP_UP_OUT_OF_RANGE',
      violations: [{ field: 'auto_top_up.amount_cents' }],
    });
    await client.setAutoTopUp(autoTopUp());
    const { paymentMethods } = await client.listPaymentMethods(heidrun.ListPaymentMethodsRequest.fromPartial({}));
    const remove = { ...key(), paymentMethodId: paymentMethods[0]?.id ?? '' };
    await expect(client.removePaymentMethod(remove)).rejects.toMatchObject({ reason: 'PAYMENT_METHOD_IN_USE' });
    await client.setAutoTopUp(autoTopUp({ enabled: false }));
    await client.removePaymentMethod({ ...remove, idempotencyKey: randomUUID() });
  });
});

describe('credit limits', () => {
  const credit = (userId: string, creditLimitCents: bigint) => ({
    ...{ idempotencyKey: randomUUID(), userId, creditLimitCents, reason: 'a good customer' },
  });

  it('let a wallet fall below zero, and charge what is owed once enough of them is used', async () => {
    await payer('gus', 0n);
    const { account } = await admin().setCreditLimit(credit('gus', 1_000n));
    expect(account).toMatchObject({ creditLimitCents: 1_000n, availableCents: 1_000n });
    await spend('gus', 799);
    expect((await balanceOf('gus')).availableCents).toBe(201n);
    await spend('gus', 1);
    expect(await topUps('gus')).toEqual([{ status: 'SUCCEEDED', origin: 'CREDIT', amount_cents: 800n }]);
    expect(await balanceOf('gus')).toMatchObject({ postedCents: 0n, availableCents: 1_000n });
  });

  it('are not lowered below what is used, and not set by users', async () => {
    await payer('hal', 0n);
    await admin().setCreditLimit(credit('hal', 1_000n));
    await spend('hal', 500);
    await expect(admin().setCreditLimit(credit('hal', 499n))).rejects.toMatchObject({ reason: 'INSUFFICIENT_FUNDS' });
    const own = f.payments('hal').setCreditLimit(credit('hal', 5_000n));
    await expect(own).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });
});

describe('budget alerts', () => {
  it('raise each threshold once per month, whoever looks at the same time', async () => {
    const client = await payer('ida', 10_000n);
    await client.setBudgetAlert({
      ...key(),
      budgetAlert: { monthlyBudgetCents: 1_000n, thresholdsPercent: [50, 100] },
    });
    await spend('ida', 499);
    expect(await eventsOf('ida', 'heidrun.budget.reached')).toEqual([]);
    await spend('ida', 1);
    await Promise.all(Array.from({ length: 5 }, () => f.spent.sweep()));
    await spend('ida', 600);
    const month = `${f.clock.now().toISOString().slice(0, 7)}-01`;
    expect(await eventsOf('ida', 'heidrun.budget.reached')).toMatchObject([
      { threshold_percent: 50, spent_cents: 500, monthly_budget_cents: 1_000, month },
      { threshold_percent: 100, spent_cents: 1_100, month },
    ]);
    f.clock.advance(31 * 86_400_000);
    await spend('ida', 500);
    expect(await eventsOf('ida', 'heidrun.budget.reached')).toHaveLength(3);
  });

  it.each([
    ['descending', [100, 50]],
    ['above 200', [201]],
    ['none', []],
    ['too many', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  ])('refuse thresholds that are %s', async (_, thresholdsPercent) => {
    const set = f.payments('jan').setBudgetAlert({
      ...key(),
      budgetAlert: { monthlyBudgetCents: 1_000n, thresholdsPercent },
    });
    await expect(set).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
  });
});

describe('netting', () => {
  it('makes costs good from payable earnings, once, and the rest when more is earned', async () => {
    const client = await payer('kim', 1_000n);
    await spend('kim', 100);
    await client.setNetting({ ...key(), enabled: true });
    await admin().adjustBalance({ ...key(), accountId: 'earnings:kim', amountCents: 250n, reason: 'earned' });
    await f.spent.idle();
    // What was spent on the day it was turned on counts.
    expect(await balanceOf('kim')).toMatchObject({ postedCents: 1_000n, earningsPayableCents: 150n });
    await spend('kim', 400);
    expect(await balanceOf('kim')).toMatchObject({ postedCents: 750n, earningsPayableCents: 0n });
    await Promise.all(Array.from({ length: 5 }, () => f.spent.sweep()));
    await admin().adjustBalance({ ...key(), accountId: 'earnings:kim', amountCents: 1_000n, reason: 'earned' });
    await f.spent.idle();
    expect(await balanceOf('kim')).toMatchObject({ postedCents: 1_000n, earningsPayableCents: 750n });
    await client.setNetting({ ...key(), enabled: false });
    await spend('kim', 10);
    expect((await balanceOf('kim')).postedCents).toBe(990n);
  });
});

describe('AdjustBalance', () => {
  it('moves from and to the company with its reason, never below what a wallet has', async () => {
    await payer('leo', 500n);
    const adjust = (amountCents: bigint, accountId = 'wallet:leo') =>
      admin().adjustBalance({ idempotencyKey: randomUUID(), accountId, amountCents, reason: 'a correction' });
    const { transfer, account } = await adjust(-200n);
    expect(transfer).toMatchObject({
      debitAccount: 'wallet:n/leo',
      creditAccount: 'revenue:company',
      amountCents: 200n,
    });
    expect(account?.postedCents).toBe(300n);
    await expect(adjust(-301n)).rejects.toMatchObject({ reason: 'INSUFFICIENT_FUNDS' });
    await expect(adjust(0n)).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      violations: [{ field: 'amount_cents' }],
    });
    for (const foreign of ['revenue:company', 'clearing:sandbox', 'wallet:other/leo', 'nonsense']) {
      await expect(adjust(1n, foreign)).rejects.toMatchObject({ reason: 'ACCOUNT_NOT_ADJUSTABLE' });
    }
  });
});

describe('rotation of payment keys', () => {
  it('seals every token with the new key in the background, and charges go on', async () => {
    const client = await payer('mia', 0n);
    const usedKeys = async () => {
      const text = 'SELECT DISTINCT token_key_id AS id FROM payment_methods WHERE token_sealed IS NOT NULL';
      return (await f.pool.query<{ id: string }>(text)).rows;
    };
    expect(await usedKeys()).toEqual([{ id: 'test' }]);
    const fresh = `young:${randomBytes(32).toString('base64')}`;
    const { logger } = f.deps;
    const stranger = createTokenSeal(fresh);
    // Without the old key nothing can be sealed anew, and nothing is lost.
    expect(await rotateTokens({ pool: f.pool, seal: stranger, logger })).toBe(0);
    const seal = createTokenSeal(`${fresh},${f.keys}`);
    const rotated = await Promise.all([1, 2].map(() => rotateTokens({ pool: f.pool, seal, logger })));
    expect(Math.max(...rotated)).toBeGreaterThan(0);
    expect(await usedKeys()).toEqual([{ id: 'young' }]);
    f.deps.seal = stranger;
    expect((await client.topUp(topUpRequest())).topUp?.amountCents).toBe(1_000n);
  });
});
