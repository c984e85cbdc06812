import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { assertRulesComplete } from '@edda/grpc-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { walletOf } from '../src/ledger/account-names.ts';
import { cardRequest, type Fixture, startPayments } from './payments-fixture.ts';

const { PaymentMethodKind: Kind, PaymentMethodStatus: Status, PaymentPurpose: Purpose, ReadinessProblem } = heidrun;
let f: Fixture;

beforeAll(async () => {
  f = await startPayments();
});
afterAll(() => f.close());

const sepa = () => cardRequest({ kind: Kind.SEPA_DEBIT, token: 'tok_sandbox_sepa' });
const verify = (paymentMethodId: string, verificationCode: string, idempotencyKey: string = randomUUID()) =>
  heidrun.VerifyPaymentMethodRequest.fromPartial({ idempotencyKey, paymentMethodId, verificationCode });
const list = (overrides: Partial<heidrun.ListPaymentMethodsRequest> = {}) =>
  heidrun.ListPaymentMethodsRequest.fromPartial(overrides);
const named = (paymentMethodId: string) => ({ idempotencyKey: randomUUID(), userId: '', paymentMethodId });
const added = async (subject: string, request = cardRequest()) =>
  (await f.payments(subject).addPaymentMethod(request)).paymentMethod ?? expect.fail('no method');
const eventsOf = async (id: string) =>
  (
    await f.pool.query<{ type: string }>(`SELECT type FROM outbox_events WHERE payload->>'payment_method_id' = $1`, [
      id,
    ])
  ).rows;

describe('rules', () => {
  it('has a row for every method of both services', () => {
    expect(() => assertRulesComplete(f.services, f.rules)).not.toThrow();
  });

  it('keeps users from what is for admins and Njörðr', async () => {
    const freeze = { idempotencyKey: 'k', userId: 'x', frozen: true, reason: 'r' };
    await expect(f.payments('u').freezeAccount(freeze)).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
    const webhook = heidrun.HandlePaymentWebhookRequest.fromPartial({ paymentProvider: 'sandbox' });
    const nornen = f.payments('nornen', ['service']);
    await expect(nornen.handlePaymentWebhook(webhook)).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
    const njordr = f.payments('njordr', ['service']);
    await expect(njordr.handlePaymentWebhook(webhook)).rejects.toMatchObject({ reason: 'WEBHOOK_SIGNATURE_INVALID' });
  });
});

describe('AddPaymentMethod', () => {
  it('verifies a card at once, makes the first the default and announces it', async () => {
    const method = await added('anna');
    expect(method).toMatchObject({ status: Status.VERIFIED, brand: 'visa', last4: '4242', defaultFor: [Purpose.PAY] });
    expect(await eventsOf(method.id)).toEqual([{ type: 'heidrun.payment_method.verified' }]);
    const readiness = await f.payments('anna').checkPaymentReadiness({ userId: '', purpose: Purpose.PAY });
    expect(readiness).toMatchObject({ ready: true, paymentMethodId: method.id });
    const payout = await f.payments('anna').checkPaymentReadiness({ userId: '', purpose: Purpose.PAYOUT });
    expect(payout).toMatchObject({ ready: false, problem: ReadinessProblem.NO_METHOD });
  });

  it('answers the same key with the same method, and refuses it with other content', async () => {
    const request = cardRequest();
    const client = f.payments('ben');
    const [first, again] = [await client.addPaymentMethod(request), await client.addPaymentMethod(request)];
    expect(first.replayed).toBe(false);
    expect(again).toEqual({ ...first, replayed: true });
    await expect(client.addPaymentMethod({ ...request, makeDefault: true })).rejects.toMatchObject({
      reason: 'IDEMPOTENCY_CONFLICT',
    });
    // Scoped to tenant and caller: somebody else's same key is another one.
    expect((await f.payments('ben', ['user'], 'other').addPaymentMethod(request)).replayed).toBe(false);
  });

  it('is one method for 20 identical calls at once, and replays while the payment provider is down', async () => {
    const request = cardRequest();
    const client = f.payments('olga');
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.addPaymentMethod(request)));
    expect(new Set(answers.map(({ paymentMethod }) => paymentMethod?.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    f.current.provider = { ...f.sandbox, attachMethod: () => Promise.reject(new Error('down')) };
    expect((await client.addPaymentMethod(request)).replayed).toBe(true);
    const fresh = client.addPaymentMethod(cardRequest());
    await expect(fresh).rejects.toMatchObject({ reason: 'PAYMENT_PROVIDER_UNAVAILABLE' });
    f.current.provider = f.sandbox;
    expect((await client.listPaymentMethods(list())).paymentMethods).toHaveLength(1);
  });

  it.each([
    ['declined', cardRequest({ token: 'tok_sandbox_declined' }), 'PAYMENT_TOKEN_REJECTED', 'token'],
    ['unknown', cardRequest({ token: 'tok_of_nobody' }), 'PAYMENT_TOKEN_REJECTED', 'token'],
    ['of another kind', cardRequest({ kind: Kind.PAYPAL }), 'PAYMENT_TOKEN_REJECTED', 'kind'],
    [
      'not for paying',
      cardRequest({ kind: Kind.BANK_ACCOUNT, token: 'tok_sandbox_bank' }),
      'PAYMENT_TOKEN_REJECTED',
      'purposes',
    ],
    ['a card number', cardRequest({ token: '4242 4242 4242 4242' }), 'INVALID_INPUT', 'token'],
    ['missing', cardRequest({ token: '' }), 'INVALID_INPUT', 'token'],
    ['too long', cardRequest({ token: 't'.repeat(501) }), 'INVALID_INPUT', 'token'],
    ['without a purpose', cardRequest({ purposes: [] }), 'INVALID_INPUT', 'purposes'],
    ['with a purpose twice', cardRequest({ purposes: [Purpose.PAY, Purpose.PAY] }), 'INVALID_INPUT', 'purposes'],
    ['without a key', cardRequest({ idempotencyKey: '' }), 'INVALID_INPUT', 'idempotency_key'],
    ['of no kind', cardRequest({ kind: Kind.UNSPECIFIED }), 'INVALID_INPUT', 'kind'],
  ])('refuses a token that is %s', async (_, request, reason, field) => {
    await expect(f.payments('carl').addPaymentMethod(request)).rejects.toMatchObject({
      reason,
      violations: [{ field }],
    });
    expect((await f.payments('carl').listPaymentMethods(list())).paymentMethods).toEqual([]);
  });

  it('stops at 20 methods, whatever arrives in parallel', async () => {
    const client = f.payments('dora');
    const results = await Promise.allSettled(Array.from({ length: 25 }, () => client.addPaymentMethod(cardRequest())));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.map(({ reason }) => (reason as { reason: string }).reason)).toEqual(
      Array(5).fill('PAYMENT_METHOD_LIMIT'),
    );
  });

  it('refuses a frozen account', async () => {
    await f.pool.query(`INSERT INTO accounts (name, base, kind, frozen) VALUES ($1, $1, 'wallet', true)`, [
      walletOf({ networkId: 'n', userId: 'frozen' }),
    ]);
    await expect(added('frozen')).rejects.toMatchObject({ reason: 'ACCOUNT_FROZEN' });
  });
});

describe('somebody else’s method', () => {
  it('does not exist, for another user or the same name in another tenant', async () => {
    const { id } = await added('ida');
    for (const client of [f.payments('eve'), f.payments('ida', ['user'], 'other')]) {
      const calls = [
        () => client.verifyPaymentMethod(verify(id, '')),
        () => client.setDefaultPaymentMethod({ ...named(id), purpose: Purpose.PAY }),
        () => client.removePaymentMethod(named(id)),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ reason: 'NOT_FOUND' });
      expect((await client.listPaymentMethods(list())).paymentMethods).toEqual([]);
    }
    const foreign = f.payments('eve').listPaymentMethods(list({ userId: 'ida' }));
    await expect(foreign).rejects.toMatchObject({ reason: 'NOT_FOUND' });
  });

  it('is reached by a service that acts for the user, and by an admin who names the user', async () => {
    const { id } = await added('jan');
    const njordr = f.payments('njordr', ['service'], 'edda');
    const actAs = { actAs: { subject: 'jan', networkId: 'n' } };
    const readiness = await njordr.checkPaymentReadiness({ userId: '', purpose: Purpose.PAY }, actAs);
    expect(readiness.paymentMethodId).toBe(id);
    const nobody = njordr.checkPaymentReadiness({ userId: '', purpose: Purpose.PAY });
    await expect(nobody).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations: [{ field: 'user_id' }] });
    const { paymentMethods } = await f.payments('root', ['admin']).listPaymentMethods(list({ userId: 'jan' }));
    expect(paymentMethods.map((method) => method.id)).toEqual([id]);
  });
});

describe('SetDefaultPaymentMethod and RemovePaymentMethod', () => {
  it('move the default, and back when it is removed', async () => {
    const first = await added('kim');
    const second = await added('kim');
    expect(second.defaultFor).toEqual([]);
    const client = f.payments('kim');
    const { paymentMethod } = await client.setDefaultPaymentMethod({ ...named(second.id), purpose: Purpose.PAY });
    expect(paymentMethod?.defaultFor).toEqual([Purpose.PAY]);
    const removed = await client.removePaymentMethod(named(second.id));
    expect(removed.paymentMethod).toMatchObject({ status: Status.REMOVED, defaultFor: [] });
    const { rows } = await f.pool.query('SELECT token_sealed FROM payment_methods WHERE id = $1', [second.id]);
    expect(rows).toEqual([{ token_sealed: null }]);
    const { paymentMethods } = await client.listPaymentMethods(list());
    expect(paymentMethods).toMatchObject([{ id: first.id, defaultFor: [Purpose.PAY] }]);
    const all = await client.listPaymentMethods(list({ includeRemoved: true }));
    expect(all.paymentMethods).toHaveLength(2);
  });

  it('refuse what is unverified or does not serve the purpose', async () => {
    const pending = await added('leo', sepa());
    const card = await added('leo');
    const client = f.payments('leo');
    await expect(client.setDefaultPaymentMethod({ ...named(pending.id), purpose: Purpose.PAY })).rejects.toMatchObject({
      reason: 'PAYMENT_METHOD_NOT_VERIFIED',
    });
    await expect(client.setDefaultPaymentMethod({ ...named(card.id), purpose: Purpose.PAYOUT })).rejects.toMatchObject({
      reason: 'PURPOSE_NOT_SUPPORTED',
    });
  });

  it('keep the only method while holds are open', async () => {
    const { id } = await added('mia');
    const wallet = walletOf({ networkId: 'n', userId: 'mia' });
    await f.pool.query(
      `INSERT INTO accounts (name, base, kind, posted_cents, pending_cents) VALUES ($1, $1, 'wallet', 10, 5)`,
      [wallet],
    );
    const client = f.payments('mia');
    await expect(client.removePaymentMethod(named(id))).rejects.toMatchObject({ reason: 'PAYMENT_METHOD_IN_USE' });
    await f.pool.query('UPDATE accounts SET pending_cents = 0 WHERE name = $1', [wallet]);
    expect((await client.removePaymentMethod(named(id))).paymentMethod?.status).toBe(Status.REMOVED);
  });
});

describe('the payout method of listed providers', () => {
  const bank = () => cardRequest({ kind: Kind.BANK_ACCOUNT, token: 'tok_sandbox_bank', purposes: [Purpose.PAYOUT] });
  const list = (owner: string, listedSeconds: number) =>
    f
      .payments('njordr', ['service'])
      .checkPaymentReadiness(
        { userId: owner, purpose: Purpose.PAYOUT, listedSeconds },
        { actAs: { subject: owner, networkId: 'n' } },
      );

  it('stays while Njörðr lists them, unless there is another, and may go when the time it named is over', async () => {
    const [first, second] = [await added('olaf', bank()), await added('olaf', bank())];
    expect(await list('olaf', 180)).toMatchObject({ ready: true, paymentMethodId: first.id });
    const client = f.payments('olaf');
    await client.removePaymentMethod(named(first.id));
    const until = new Date(f.clock.now().getTime() + 180_000).toISOString();
    await expect(client.removePaymentMethod(named(second.id))).rejects.toMatchObject({
      ...{ reason: 'PAYOUT_METHOD_NEEDED', metadata: { needed_until: until } },
      violations: [{ field: 'payment_method_id' }],
    });
    f.clock.advance(180_000);
    expect((await client.removePaymentMethod(named(second.id))).paymentMethod?.status).toBe(Status.REMOVED);
  });

  it('never goes between the question and the listing: one of both wins', async () => {
    const { id } = await added('pia', bank());
    const [listed, removed] = await Promise.allSettled([
      list('pia', 180),
      f.payments('pia').removePaymentMethod(named(id)),
    ]);
    const ready = listed.status === 'fulfilled' && listed.value.ready;
    expect(ready).toBe(removed.status === 'rejected');
  });

  it('is for Njörðr to rely on, and for payouts', async () => {
    const violations = [{ field: 'listed_seconds' }];
    const asked = { userId: '', purpose: Purpose.PAYOUT, listedSeconds: 60 };
    const own = f.payments('quin').checkPaymentReadiness(asked);
    await expect(own).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations });
    const nornen = f.payments('nornen', ['service']);
    const other = nornen.checkPaymentReadiness({ ...asked, userId: 'quin' });
    await expect(other).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations });
    const njordr = f.payments('njordr', ['service']);
    const paying = njordr.checkPaymentReadiness({ ...asked, userId: 'quin', purpose: Purpose.PAY });
    await expect(paying).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations });
    await expect(list('quin', 86_401)).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations });
  });
});

describe('ListPaymentMethods', () => {
  it('pages in both directions and filters by purpose', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      f.clock.advance(1_000);
      ids.push((await added('nia')).id);
    }
    f.clock.advance(1_000);
    const bank = await added(
      'nia',
      cardRequest({ kind: Kind.BANK_ACCOUNT, token: 'tok_sandbox_bank', purposes: [Purpose.PAYOUT] }),
    );
    const client = f.payments('nia');
    const first = await client.listPaymentMethods(list({ pageSize: 3, orderBy: 'created_at asc' }));
    expect(first.paymentMethods.map(({ id }) => id)).toEqual(ids);
    const next = { pageSize: 3, pageToken: first.nextPageToken };
    const second = await client.listPaymentMethods(list({ ...next, orderBy: 'created_at asc' }));
    expect([second.paymentMethods.map(({ id }) => id), second.nextPageToken]).toEqual([[bank.id], '']);
    await expect(client.listPaymentMethods(list(next))).rejects.toMatchObject({
      violations: [{ field: 'page_token' }],
    });
    const [scope] = JSON.parse(Buffer.from(first.nextPageToken, 'base64url').toString()) as string[];
    const forged = Buffer.from(JSON.stringify([scope, 'yesterday', 'x'])).toString('base64url');
    const asc = { orderBy: 'created_at asc', pageToken: forged };
    await expect(client.listPaymentMethods(list(asc))).rejects.toMatchObject({ violations: [{ field: 'page_token' }] });
    const payouts = await client.listPaymentMethods(list({ purpose: Purpose.PAYOUT }));
    expect(payouts.paymentMethods.map(({ id }) => id)).toEqual([bank.id]);
  });

  it.each([
    [{ pageSize: 1_001 }, 'page_size'],
    [{ pageSize: -1 }, 'page_size'],
    [{ orderBy: 'id' }, 'order_by'],
    [{ pageToken: '%' }, 'page_token'],
  ])('refuses %o', async (overrides, field) => {
    await expect(f.payments('nia').listPaymentMethods(list(overrides))).rejects.toMatchObject({
      violations: [{ field }],
    });
  });
});
