import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { audited, waitFor } from '@edda/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { balanceOf } from '../src/ledger/account-balance.ts';
import { clearingOf, earningsOf, payoutAccountOf } from '../src/ledger/account-names.ts';
import { createPayouts } from '../src/payments/payouts/payouts.ts';
import { beginScheduledPayouts } from '../src/payments/payouts/scheduled-payouts.ts';
import { cardRequest, type Fixture, settings, startPayments } from './payments-fixture.ts';

const { PaymentMethodKind: Kind, PaymentPurpose: Purpose, PayoutSchedule: Schedule, PayoutStatus: Status } = heidrun;
let f: Fixture;

beforeAll(async () => {
  f = await startPayments();
});
afterEach(() => {
  f.current.provider = f.sandbox;
});
afterAll(() => f.close());

const bank = (token = 'tok_sandbox_bank') =>
  cardRequest({ kind: Kind.BANK_ACCOUNT, purposes: [Purpose.PAYOUT], token });
const posted = async (account: string) => (await balanceOf(f.pool, account))?.postedCents ?? 0n;
const adjust = (subject: string, amountCents: bigint) =>
  f.payments('root', ['admin']).adjustBalance({
    ...{ idempotencyKey: randomUUID(), accountId: `earnings:${subject}`, amountCents, reason: 'test' },
  });
const payout = (more: Partial<heidrun.RequestPayoutRequest> = {}) =>
  heidrun.RequestPayoutRequest.fromPartial({ idempotencyKey: randomUUID(), ...more });
const events = async (payoutId: string) => {
  const text = 'SELECT type FROM outbox_events WHERE subject = $1 ORDER BY sequence';
  const { rows } = await f.pool.query<{ type: string }>(text, [`payout:${payoutId}`]);
  return rows.map(({ type }) => type);
};

/** A provider's owner with 10.00 payable and a bank account. */
async function earner(subject: string, token?: string) {
  const client = f.payments(subject, ['provider']);
  const { paymentMethod } = await client.addPaymentMethod(bank(token));
  await adjust(subject, 1_000n);
  return { client, methodId: paymentMethod?.id ?? '', earnings: earningsOf({ networkId: 'n', userId: subject }) };
}

describe('RequestPayout', () => {
  it('pays all that is payable, from the earnings through an account of its own to clearing', async () => {
    const { client, earnings } = await earner('anna');
    const before = await posted(clearingOf('sandbox'));
    const { payout: paid, balance, replayed } = await client.requestPayout(payout());
    expect(paid).toMatchObject({ status: Status.PAID, amountCents: 1_000n, failureReason: '' });
    expect(replayed).toBe(false);
    expect(balance).toMatchObject({ earningsPayableCents: 0n, pendingPayoutCents: 0n });
    expect(await posted(earnings)).toBe(0n);
    expect(await posted(payoutAccountOf(paid?.id ?? ''))).toBe(0n);
    expect((await posted(clearingOf('sandbox'))) - before).toBe(1_000n);
    expect(await events(paid?.id ?? '')).toEqual(['heidrun.payout.requested', 'heidrun.payout.paid']);
    const actions = (await audited(f.pool)).filter(({ subject }) => subject === `payout:${paid?.id}`);
    expect(actions.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
      'anna payout.requested',
      'system:payout payout.paid',
    ]);
  });

  it('is one payout for 50 identical calls at once, and never more than what is payable for different ones', async () => {
    const { client, earnings } = await earner('ben');
    const same = payout({ amountCents: 400n });
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.requestPayout(same)));
    expect(new Set(answers.map((answer) => answer.payout?.id)).size).toBe(1);
    expect(await posted(earnings)).toBe(600n);
    const others = Array.from({ length: 10 }, () => client.requestPayout(payout({ amountCents: 250n })));
    const results = await Promise.allSettled(others);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(await posted(earnings)).toBe(100n);
  });

  it.each([
    ['more than is payable', { amountCents: 1_001n }, 'INSUFFICIENT_FUNDS', 'amount_cents'],
    ['less than the minimum', { amountCents: 99n }, 'PAYOUT_BELOW_MINIMUM', 'amount_cents'],
    ['a negative amount', { amountCents: -1n }, 'INVALID_INPUT', 'amount_cents'],
    ['an unknown method', { paymentMethodId: 'nobody’s' }, 'NOT_FOUND', 'payment_method_id'],
  ])('refuses %s', async (what, more, reason, field) => {
    const { client, earnings } = await earner(`carl-${what}`);
    await expect(client.requestPayout(payout(more))).rejects.toMatchObject({ reason, violations: [{ field }] });
    expect(await posted(earnings)).toBe(1_000n);
  });

  it('refuses without a verified payout method, and while the account is frozen', async () => {
    await adjust('dora', 1_000n);
    const client = f.payments('dora', ['provider']);
    await expect(client.requestPayout(payout())).rejects.toMatchObject({ reason: 'PAYOUT_METHOD_REQUIRED' });
    await client.addPaymentMethod(bank());
    const freeze = (frozen: boolean) => ({ idempotencyKey: randomUUID(), userId: 'dora', frozen, reason: 'looked at' });
    const { balance } = await f.payments('root', ['admin']).freezeAccount(freeze(true));
    expect(balance?.frozen).toBe(true);
    await expect(client.requestPayout(payout())).rejects.toMatchObject({ reason: 'ACCOUNT_FROZEN' });
    await f.payments('root', ['admin']).freezeAccount(freeze(false));
    expect((await client.requestPayout(payout())).payout?.status).toBe(Status.PAID);
  });

  it('is FAILED where the payment provider refuses, its money back by the reverse transfer', async () => {
    const { client, earnings } = await earner('emil', 'tok_sandbox_payout_fails');
    const { payout: failed, balance } = await client.requestPayout(payout());
    expect(failed).toMatchObject({ status: Status.FAILED, failureReason: 'The bank refused the payout.' });
    expect(balance).toMatchObject({ earningsPayableCents: 1_000n, pendingPayoutCents: 0n });
    expect(await posted(earnings)).toBe(1_000n);
    const { rows } = await f.pool.query(`SELECT reverses_id FROM transfers WHERE id = $1`, [
      `payout:${failed?.id}:back`,
    ]);
    expect(rows).toEqual([{ reverses_id: `payout:${failed?.id}:aside` }]);
  });

  it('shows what is on its way, and keeps its method until it has arrived', async () => {
    const { client, methodId } = await earner('fay', 'tok_sandbox_bank_pending');
    const { payout: sent, balance } = await client.requestPayout(payout({ amountCents: 700n }));
    expect(sent?.status).toBe(Status.IN_TRANSIT);
    expect(balance).toMatchObject({ earningsPayableCents: 300n, pendingPayoutCents: 700n });
    const remove = { idempotencyKey: randomUUID(), userId: '', paymentMethodId: methodId };
    await expect(client.removePaymentMethod(remove)).rejects.toMatchObject({ reason: 'PAYMENT_METHOD_IN_USE' });
    await f.pool.query(`UPDATE sandbox_payouts SET status = 'paid' WHERE idempotency_key = $1`, [`payout:${sent?.id}`]);
    f.clock.advance(settings.retryAfterSeconds * 1_000 + 1);
    await f.payouts.sweep();
    const { payouts } = await client.listPayouts(heidrun.ListPayoutsRequest.fromPartial({}));
    expect(payouts).toMatchObject([{ id: sent?.id, status: Status.PAID }]);
    await client.removePaymentMethod(remove);
  });
});

describe('earnings', () => {
  it('are withheld for the hold-back, and lessened by what is refunded of them', async () => {
    const { client, earnings } = await earner('gus');
    const transfer = `INSERT INTO accounts (name, base, kind, credit_limit_cents) VALUES ('wallet:n/payer', 'wallet:n/payer',
      'wallet', 5000) ON CONFLICT DO NOTHING`;
    await f.pool.query(transfer);
    const book = (id: string, debit: string, credit: string, cents: number, kind: string, reverses = '') =>
      f.pool.query('SELECT post_transfers($1::jsonb, $2::jsonb, $3::jsonb, $4)', [
        JSON.stringify([debit, credit].map((name) => ({ name, base: name, kind: name.split(':')[0] }))),
        JSON.stringify([
          {
            ...{ id, debit, credit, amount_cents: cents, kind, reverses_id: reverses },
            ...{ transaction_id: '', request_id: '', provider_id: '', memo: '' },
          },
        ]),
        '[]',
        f.clock.now(),
      ]);
    await book('e-1', 'wallet:n/payer', earnings, 500, 'EARNINGS');
    const figures = async () => {
      const { balance } = await client.getBalance({ userId: '' });
      return [balance?.earningsPayableCents, balance?.earningsWithheldCents];
    };
    expect(await figures()).toEqual([1_000n, 500n]);
    await book('r-1', earnings, 'wallet:n/payer', 200, 'EARNINGS_REFUND', 'e-1');
    expect(await figures()).toEqual([1_000n, 300n]);
    await expect(client.requestPayout(payout({ amountCents: 1_001n }))).rejects.toMatchObject({
      reason: 'INSUFFICIENT_FUNDS',
      metadata: { payable_cents: '1000' },
    });
    // Two full days, and the rest of the day of the capture.
    f.clock.advance(2 * 86_400_000);
    expect(await figures()).toEqual([1_000n, 300n]);
    f.clock.advance(86_400_000);
    expect(await figures()).toEqual([1_300n, 0n]);
  });
});

describe('a payout cut off between its phases (domain rules, Recovery)', () => {
  it.each([
    ['before it was handed over', 'hal', false],
    ['after it was handed over', 'ida', true],
  ])('%s is finished by the sweep, paid once', async (_, subject, handedOver) => {
    const { client, earnings } = await earner(subject);
    f.current.provider = {
      ...f.sandbox,
      payOut: async (order) => {
        if (handedOver) await f.sandbox.payOut(order);
        throw new Error('cut off');
      },
    };
    const request = payout();
    const { payout: open, balance } = await client.requestPayout(request);
    expect(open?.status).toBe(Status.PENDING);
    expect(balance).toMatchObject({ earningsPayableCents: 0n, pendingPayoutCents: 1_000n });
    f.current.provider = f.sandbox;
    expect(await f.payouts.sweep()).toBe(0);
    f.clock.advance(settings.retryAfterSeconds * 1_000 + 1);
    // Two replicas sweep at the same time, neither with any memory of the first attempt.
    await Promise.all([createPayouts(f.deps), createPayouts(f.deps)].map((replica) => replica.sweep()));
    const again = await client.requestPayout(request);
    expect(again).toMatchObject({ replayed: true, payout: { id: open?.id, status: Status.PAID } });
    const { rowCount } = await f.pool.query('SELECT FROM sandbox_payouts WHERE idempotency_key = $1', [
      `payout:${open?.id}`,
    ]);
    expect([rowCount, await posted(earnings)]).toEqual([1, 0n]);
  });
});

describe('scheduled payouts', () => {
  it('pay once per date, whatever sweeps at the same time, and only from the user’s minimum on', async () => {
    const { client } = await earner('kim');
    const set = (minimumCents: bigint) =>
      client.setPayoutSettings({
        ...{ idempotencyKey: randomUUID(), userId: '' },
        payoutSettings: { schedule: Schedule.DAILY, minimumCents },
      });
    await set(1_001n);
    const nextDay = () => f.clock.advance(86_400_000);
    nextDay();
    expect(await beginScheduledPayouts(f.deps, f.payouts)).toBe(1);
    const list = async () => (await client.listPayouts(heidrun.ListPayoutsRequest.fromPartial({}))).payouts;
    expect(await list()).toEqual([]);
    await set(1_000n);
    expect(await beginScheduledPayouts(f.deps, f.payouts)).toBe(0);
    nextDay();
    const runs = await Promise.all(Array.from({ length: 4 }, () => beginScheduledPayouts(f.deps, f.payouts)));
    expect(runs.reduce((sum, due) => sum + due, 0)).toBe(1);
    await waitFor(async () => (await list())[0]?.status === Status.PAID);
    expect(await list()).toMatchObject([{ amountCents: 1_000n }]);
    expect((await client.getBalance({ userId: '' })).payoutSettings).toEqual({
      schedule: Schedule.DAILY,
      minimumCents: 1_000n,
    });
  });

  it('skip a date without a method, and keep the last method while there is a schedule', async () => {
    const { client, methodId } = await earner('leo');
    const payoutSettings = { schedule: Schedule.MONTHLY, minimumCents: 0n };
    await client.setPayoutSettings({ idempotencyKey: randomUUID(), userId: '', payoutSettings });
    const remove = { idempotencyKey: randomUUID(), userId: '', paymentMethodId: methodId };
    await expect(client.removePaymentMethod(remove)).rejects.toMatchObject({ reason: 'PAYMENT_METHOD_IN_USE' });
    await f.pool.query(`UPDATE payment_methods SET expires_at = created_at WHERE id = $1`, [methodId]);
    f.clock.advance(40 * 86_400_000);
    await beginScheduledPayouts(f.deps, f.payouts);
    expect((await client.listPayouts(heidrun.ListPayoutsRequest.fromPartial({}))).payouts).toEqual([]);
  });
});
