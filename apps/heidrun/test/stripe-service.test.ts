import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, njordr, startHeidrun, type TestHeidrun } from './support/start-heidrun.ts';
import { startStripeServer, type StripeServer } from './support/stripe-server.ts';

const { PaymentMethodKind: Kind, PaymentPurpose: Purpose, TopUpStatus: Status } = heidrun;
const webhookSecret = 'whsec_test';
let stripe: StripeServer;
let h: TestHeidrun;

beforeAll(async () => {
  stripe = await startStripeServer();
  h = await startHeidrun({
    settings: { payments: { provider: 'stripe', stripeUrl: stripe.url } },
    secrets: { STRIPE_SECRET_KEY: 'sk_test_edda', STRIPE_WEBHOOK_SECRET: webhookSecret },
  });
});
afterAll(async () => {
  await h.close();
  await stripe.close();
});

const payments = (subject: string) => {
  const caller: Caller = subject === 'njordr' ? njordr : { subject, roles: ['user'] };
  return h.client(heidrun.PaymentServiceService, caller);
};
async function withCard(subject: string, token: string) {
  await payments(subject).addPaymentMethod(
    heidrun.AddPaymentMethodRequest.fromPartial({
      ...{ idempotencyKey: randomUUID(), kind: Kind.CARD, purposes: [Purpose.PAY], token },
    }),
  );
  return payments(subject);
}
const topUp = (more: Partial<heidrun.TopUpRequest> = {}) =>
  heidrun.TopUpRequest.fromPartial({ idempotencyKey: randomUUID(), amountCents: 1_000n, ...more });
const deliver = (event: object, secret = webhookSecret) => {
  const payload = JSON.stringify({ id: `evt_${randomUUID()}`, object: 'event', ...event });
  const timestamp = Math.floor(h.clock.now().getTime() / 1_000);
  const signature = new Stripe('sk_x').webhooks.generateTestHeaderString({ payload, secret, timestamp });
  return payments('njordr').handlePaymentWebhook({
    ...{ idempotencyKey: '', paymentProvider: 'stripe', body: Buffer.from(payload) },
    headers: { 'stripe-signature': signature },
  });
};

describe('Heidrun with Stripe', () => {
  it('tops up by a card, and tells a declined one', async () => {
    const client = await withCard('anna', 'pm_card_visa');
    const { topUp: bought, balance } = await client.topUp(topUp());
    expect(bought).toMatchObject({ status: Status.SUCCEEDED });
    expect(balance?.availableCents).toBe(1_000n);
    const declined = await withCard('ben', 'pm_card_chargeDeclined');
    await expect(declined.topUp(topUp())).rejects.toMatchObject({
      reason: 'PAYMENT_DECLINED',
      message: 'Your card was declined.',
    });
  });

  it('credits a confirmed charge by its notification, once; keeps no token in clear', async () => {
    const client = await withCard('cora', 'pm_card_threeDSecureRequired');
    const { topUp: open } = await client.topUp(topUp());
    expect(open).toMatchObject({ status: Status.PENDING });
    expect(open?.confirmationUrl).toMatch(/^https:\/\/hooks\.stripe\.test\//);
    const intent = { id: 'pi_x', status: 'succeeded', metadata: { edda_operation: `topup:${open?.id}` } };
    const succeeded = { id: 'evt_same', type: 'payment_intent.succeeded', data: { object: intent } };
    await expect(deliver(succeeded, 'whsec_wrong')).rejects.toMatchObject({ reason: 'WEBHOOK_SIGNATURE_INVALID' });
    expect(await deliver(succeeded)).toMatchObject({ replayed: false });
    expect(await deliver(succeeded)).toMatchObject({ eventId: 'evt_same', replayed: true });
    expect((await client.getBalance({ userId: '' })).balance?.availableCents).toBe(1_000n);
    const { rows } = await h.database.pool.query<{ sealed: Buffer }>(
      'SELECT token_sealed AS sealed FROM payment_methods',
    );
    for (const { sealed } of rows) expect(sealed.toString('latin1')).not.toContain('pm_card');
    expect((await h.ledger.verifyLedger({ maxViolations: 0 })).violations).toEqual([]);
  });

  it('answers PENDING while Stripe is down, and finishes with one charge once it is back', async () => {
    const client = await withCard('dora', 'pm_card_visa');
    stripe.mishaps.push(...Array.from({ length: 3 }, () => ({ status: 503 })));
    const request = topUp();
    expect((await client.topUp(request)).topUp?.status).toBe(Status.PENDING);
    stripe.mishaps.length = 0;
    expect((await client.topUp(request)).topUp?.status).toBe(Status.SUCCEEDED);
    const charged = stripe.objects.of('payment_intent').filter(({ metadata }) => {
      return metadata?.['edda_operation']?.startsWith('topup:') === true;
    });
    expect(charged.filter(({ status }) => status === 'succeeded')).toHaveLength(2);
  });

  it('does not start without its secrets', async () => {
    const start = startHeidrun({ settings: { payments: { provider: 'stripe' } } });
    await expect(start).rejects.toMatchObject({ reason: 'PAYMENT_PROVIDER_NOT_CONFIGURED' });
  });
});
