import Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Charge, type MoneyOrder, type PaymentProvider } from '../src/payments/provider/payment-provider.ts';
import { createStripeProvider } from '../src/payments/provider/stripe/stripe-provider.ts';
import { startStripeServer, type StripeServer } from './support/stripe-server.ts';

const webhookSecret = 'whsec_test';
let server: StripeServer;
let provider: PaymentProvider;

beforeEach(async () => {
  server = await startStripeServer();
  const returnUrl = 'https://market.test/return';
  provider = createStripeProvider({
    ...{ secretKey: 'sk_test_edda', webhookSecret, returnUrl, url: server.url, timeoutMs: 5_000 },
  });
});
afterEach(() => server.close());

const attach = (token: string) => provider.attachMethod({ token, idempotencyKey: `add:${token}` });
const tokenOf = async (token: string) => (await attach(token))?.methodToken ?? expect.fail('no token');
const charge = async (token: string, more: Partial<Charge> = {}) =>
  provider.charge({
    ...{ amountCents: 1_234n, currency: 'EUR', methodToken: await tokenOf(token), idempotencyKey: 'topup:1' },
    ...{ repeated: false, unattended: false },
    ...more,
  });
const order = async (account: string, more: Partial<MoneyOrder> = {}): Promise<MoneyOrder> => ({
  ...{ amountCents: 900n, currency: 'EUR', methodToken: await tokenOf(account), idempotencyKey: 'payout:1' },
  ...{ repeated: false },
  ...more,
});
const writes = () => server.requests.filter(({ method }) => method === 'POST');
const intents = () => server.objects.of('payment_intent');

describe('Stripe: methods', () => {
  it.each([
    ['pm_card_visa', 'CARD', 'verified', '4242'],
    ['pm_card_visa_debit', 'DEBIT', 'verified', '5556'],
    ['pm_sepa', 'SEPA_DEBIT', 'verified', '3000'],
    ['pm_bank', 'BANK_ACCOUNT', 'needs-micro-deposits', '6789'],
    ['pm_card_setupDeclined', 'CARD', 'declined', '0002'],
    ['acct_1', 'BANK_ACCOUNT', 'verified', '3000'],
    ['acct_new', 'BANK_ACCOUNT', 'action-required', '3000'],
  ])('%s is a %s, %s', async (token, kind, status, last4) => {
    expect(await attach(token)).toMatchObject({ kind, status, label: { last4 } });
    for (const { idempotencyKey } of writes()) expect(idempotencyKey).toMatch(/^add:/);
  });

  it.each(['pm_unknown', 'acct_unknown', 'pm_klarna', 'tok_visa', '4242424242424242'])(
    'does not know %s',
    async (token) => {
      expect(await attach(token)).toBeUndefined();
    },
  );

  it('verifies by the two deposits, and says no to others', async () => {
    const methodToken = await tokenOf('pm_bank');
    const verify = (code: string) => provider.verifyMethod({ methodToken, code, idempotencyKey: `verify:${code}` });
    for (const wrong of ['', '45,32', '1', 'abc']) expect(await verify(wrong)).toBe('refused');
    expect(await verify('32, 45')).toBe('verified');
    expect(await verify('')).toBe('verified');
  });
});

describe('Stripe: charges', () => {
  it('succeeds, with our key as idempotency key and in its metadata', async () => {
    const result = await charge('pm_card_visa');
    expect(result).toEqual({ status: 'succeeded', providerReference: intents()[0]?.id });
    expect(intents()).toMatchObject([
      { amount: 1_234, currency: 'eur', metadata: { edda_operation: 'topup:1' }, status: 'succeeded' },
    ]);
    expect(writes().at(-1)).toMatchObject({ path: '/v1/payment_intents', idempotencyKey: 'topup:1' });
  });

  it('is the same charge when repeated, within the life of the key and after it', async () => {
    const first = await charge('pm_card_visa');
    expect(await charge('pm_card_visa')).toEqual(first);
    expect(await charge('pm_card_visa', { repeated: true, idempotencyKey: 'topup:1' })).toEqual(first);
    expect(intents()).toHaveLength(1);
  });

  it('tells a declined card in Stripe’s words, and gives the intent up, so that it stays declined', async () => {
    const result = await charge('pm_card_chargeDeclined');
    expect(result).toMatchObject({ status: 'declined', reason: 'Your card was declined.' });
    expect(intents()).toMatchObject([{ id: result.providerReference, status: 'canceled' }]);
  });

  it('sends the payer to confirm, finds out, and gives up what is not confirmed', async () => {
    const result = await charge('pm_card_threeDSecureRequired');
    const url = `https://hooks.stripe.test/${result.providerReference}`;
    expect(result).toMatchObject({ status: 'action-required', confirmationUrl: url });
    expect((await provider.findCharge(result.providerReference)).status).toBe('action-required');
    expect((await provider.cancelCharge(result.providerReference)).status).toBe('declined');
    const late = await charge('pm_card_threeDSecureRequired', { idempotencyKey: 'topup:2' });
    Object.assign(server.objects.all.get(late.providerReference) ?? {}, { status: 'succeeded' });
    expect((await provider.cancelCharge(late.providerReference)).status).toBe('succeeded');
  });

  it('declines what would need the payer where nobody is there', async () => {
    expect((await charge('pm_card_threeDSecureRequired', { unattended: true })).status).toBe('declined');
  });

  it('reports a direct debit as under way', async () => {
    expect((await charge('pm_sepa')).status).toBe('processing');
  });

  it.each([
    ['a server error', { status: 500 } as const],
    ['a conflict of locks', { status: 409, code: 'lock_timeout' } as const],
    ['a lost answer', 'lose-answer' as const],
  ])('survives %s with one charge', async (_, mishap) => {
    const methodToken = await tokenOf('pm_card_visa');
    server.mishaps.push(mishap);
    const result = await charge('pm_card_visa', { methodToken });
    expect(result.status).toBe('succeeded');
    expect(intents()).toHaveLength(1);
  });

  it.each([500, 429, 409])('leaves the outcome open when Stripe keeps answering %s', async (status) => {
    const methodToken = await tokenOf('pm_card_visa');
    server.mishaps.push(...Array.from({ length: 3 }, () => ({ status })));
    await expect(charge('pm_card_visa', { methodToken })).rejects.toThrow();
    server.mishaps.length = 0;
    expect((await charge('pm_card_visa', { methodToken, repeated: true })).status).toBe('succeeded');
    expect(intents()).toHaveLength(1);
  });

  it('leaves the outcome open when Stripe does not answer in time, or refuses our key', async () => {
    const methodToken = await tokenOf('pm_card_visa');
    const options = { webhookSecret, returnUrl: 'https://x.test', url: server.url };
    const request = { amountCents: 1n, currency: 'EUR', methodToken, idempotencyKey: 'k' };
    const once = { ...request, repeated: false, unattended: false };
    const stranger = createStripeProvider({ ...options, secretKey: 'sk_wrong', timeoutMs: 5_000 });
    await expect(stranger.charge(once)).rejects.toThrow();
    server.mishaps.push('hang', 'hang', 'hang');
    const hasty = createStripeProvider({ ...options, secretKey: 'sk_test_edda', timeoutMs: 100 });
    await expect(hasty.charge(once)).rejects.toThrow();
    expect(intents()).toEqual([]);
  });
});

describe('Stripe: payouts', () => {
  it('transfers to the connected account and pays out from there; in transit, then paid', async () => {
    const result = await provider.payOut(await order('acct_1'));
    expect(result.status).toBe('in-transit');
    expect(writes().map(({ path, idempotencyKey }) => [path, idempotencyKey])).toEqual([
      ['/v1/transfers', 'payout:1:transfer'],
      ['/v1/payouts', 'payout:1:payout'],
    ]);
    const [payout] = server.objects.of('payout');
    expect(payout).toMatchObject({ amount: 900, account: 'acct_1', metadata: { edda_operation: 'payout:1' } });
    Object.assign(payout ?? {}, { status: 'paid' });
    expect((await provider.findPayout(result.providerReference)).status).toBe('paid');
  });

  it('is one transfer and one payout however often it is repeated, even after the keys are forgotten', async () => {
    await provider.payOut(await order('acct_1'));
    await provider.payOut(await order('acct_1'));
    await provider.payOut(await order('acct_1', { repeated: true }));
    expect([server.objects.of('transfer').length, server.objects.of('payout').length]).toEqual([1, 1]);
  });

  it('takes the transfer back where the payout is refused, or fails later', async () => {
    const refused = await provider.payOut(await order('acct_closed'));
    expect(refused).toMatchObject({
      status: 'failed',
      reason: 'The payment provider refused it (payouts_not_allowed).',
    });
    const sent = await provider.payOut(await order('acct_1', { idempotencyKey: 'payout:2' }));
    Object.assign(server.objects.of('payout')[0] ?? {}, { status: 'failed', failure_message: 'Account closed.' });
    expect(await provider.findPayout(sent.providerReference)).toMatchObject({
      status: 'failed',
      reason: 'Account closed.',
    });
    expect((await provider.findPayout(sent.providerReference)).status).toBe('failed');
    expect(server.objects.of('transfer').map((transfer) => transfer['reversed'])).toEqual([true, true]);
    expect(server.objects.of('transfer_reversal')).toHaveLength(2);
  });

  it('leaves the outcome open when Stripe fails between the two steps, and goes on where it stopped', async () => {
    const wanted = await order('acct_1');
    server.mishaps.push('lose-answer', { status: 500 }, { status: 500 }, { status: 500 });
    await expect(provider.payOut(wanted)).rejects.toThrow();
    server.mishaps.length = 0;
    expect((await provider.payOut({ ...wanted, repeated: true })).status).toBe('in-transit');
    expect([server.objects.of('transfer').length, server.objects.of('payout').length]).toEqual([1, 1]);
  });
});

describe('Stripe: notifications', () => {
  const at = new Date('2026-03-01T00:00:00Z');
  const seconds = at.getTime() / 1_000;
  const deliver = (event: object, { timestamp = seconds, secret = webhookSecret } = {}) => {
    const payload = JSON.stringify({ id: 'evt_1', object: 'event', ...event });
    const signature = new Stripe('sk_x').webhooks.generateTestHeaderString({ payload, secret, timestamp });
    return provider.readWebhook({
      ...{ body: Buffer.from(payload), headers: { 'stripe-signature': signature }, receivedAt: at },
    });
  };
  const intent = { id: 'pi_1', status: 'succeeded', metadata: { edda_operation: 'topup:1' } };

  it('reads a succeeded charge by our key', async () => {
    expect(await deliver({ type: 'payment_intent.succeeded', data: { object: intent } })).toEqual({
      eventId: 'evt_1',
      type: 'payment_intent.succeeded',
      news: {
        about: 'charge',
        movement: { reference: 'pi_1', idempotencyKey: 'topup:1' },
        result: { status: 'succeeded', providerReference: 'pi_1' },
      },
    });
  });

  it('reads what was taken back of a charge', async () => {
    const dispute = { payment_intent: 'pi_1', amount: 700, reason: 'fraudulent' };
    const { news } = await deliver({ type: 'charge.dispute.funds_withdrawn', data: { object: dispute } });
    expect(news).toMatchObject({ about: 'reversal', movement: { reference: 'pi_1' }, reversedCents: 700n });
  });

  it('asks after a payout instead of believing an old notification', async () => {
    await provider.payOut(await order('acct_1'));
    const [payout] = server.objects.of('payout');
    Object.assign(payout ?? {}, { status: 'paid' });
    const stale = { ...payout, status: 'failed' };
    const { news } = await deliver({ type: 'payout.failed', account: 'acct_1', data: { object: stale } });
    expect(news).toMatchObject({
      about: 'payout',
      result: { status: 'paid' },
      movement: { idempotencyKey: 'payout:1' },
    });
  });

  it.each(['customer.created', 'payment_intent.payment_failed', 'something.new'])('passes over %s', async (type) => {
    expect(await deliver({ type, data: { object: {} } })).toEqual({ eventId: 'evt_1', type, news: undefined });
  });

  it('refuses another secret, an old or missing signature and a changed body', async () => {
    const refused = { reason: 'WEBHOOK_SIGNATURE_INVALID' };
    const event = { type: 'payment_intent.succeeded', data: { object: intent } };
    await expect(deliver(event, { secret: 'whsec_other' })).rejects.toMatchObject(refused);
    await expect(deliver(event, { timestamp: seconds - 301 })).rejects.toMatchObject(refused);
    const bare = provider.readWebhook({ body: Buffer.from('{}'), headers: {}, receivedAt: at });
    await expect(bare).rejects.toMatchObject(refused);
  });
});
