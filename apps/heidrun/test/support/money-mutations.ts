import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { type PreparedMutation } from '@edda/testing';
import { signSandboxWebhook } from '../../src/payments/provider/sandbox-webhook.ts';
import { cardRequest } from '../payments-fixture.ts';
import { type TestHeidrun } from './start-heidrun.ts';

const { PaymentMethodKind: Kind, PaymentPurpose: Purpose } = heidrun;
const admin = { subject: 'root', roles: ['admin'] as const };
const payments = (service: TestHeidrun, userId: string) =>
  service.client(heidrun.PaymentServiceService, { subject: userId, roles: ['user', 'provider'] });
const newUser = () => `user-${randomUUID()}`;

type Client = ReturnType<typeof payments>;

/** A setting of a user's own: what is sent, and what else could have been. */
function ofUser<Request>(
  change: (client: Client, request: Request & { idempotencyKey: string; userId: string }) => Promise<unknown>,
  request: Request,
  other: Request,
) {
  return (service: TestHeidrun): Promise<PreparedMutation> => {
    const client = payments(service, newUser());
    const send = (idempotencyKey: string, value: Request) => change(client, { ...value, idempotencyKey, userId: '' });
    return Promise.resolve({ call: (key) => send(key, request), conflicting: (key) => send(key, other) });
  };
}

/** The same by an operator about some user. */
function byAdmin<Request>(
  change: (client: Client, request: Request & { idempotencyKey: string; userId: string }) => Promise<unknown>,
  request: Request,
  other: Request,
) {
  return (service: TestHeidrun): Promise<PreparedMutation> => {
    const client = service.client(heidrun.PaymentServiceService, admin);
    const userId = newUser();
    const send = (idempotencyKey: string, value: Request) => change(client, { ...value, idempotencyKey, userId });
    return Promise.resolve({ call: (key) => send(key, request), conflicting: (key) => send(key, other) });
  };
}

const autoTopUp = (amountCents: bigint) => ({
  autoTopUp: { enabled: false, thresholdCents: 100n, amountCents, monthlyMaximumCents: undefined },
});
const budget = (monthlyBudgetCents: bigint) => ({ budgetAlert: { monthlyBudgetCents, thresholdsPercent: [80] } });
const spending = (dailyCents: bigint) => ({
  spendingLimit: { dailyCents, monthlyCents: undefined, defaultMaxCostCents: undefined },
});
const schedule = (minimumCents: bigint) => ({
  payoutSettings: { schedule: heidrun.PayoutSchedule.WEEKLY, minimumCents },
});
const adjust = (client: Client, accountId: string, idempotencyKey: string, amountCents: bigint) =>
  client.adjustBalance({ idempotencyKey, accountId, amountCents, reason: 'test' });

/** The mutations about money coming in and going out, and about what a user may spend. */
export const moneyMutations: Readonly<Record<string, (service: TestHeidrun) => Promise<PreparedMutation>>> = {
  'heidrun.v1.PaymentService/SetAutoTopUp': ofUser((c, r) => c.setAutoTopUp(r), autoTopUp(500n), autoTopUp(600n)),
  'heidrun.v1.PaymentService/SetBudgetAlert': ofUser((c, r) => c.setBudgetAlert(r), budget(900n), budget(800n)),
  'heidrun.v1.PaymentService/SetSpendingLimit': ofUser((c, r) => c.setSpendingLimit(r), spending(7n), spending(8n)),
  'heidrun.v1.PaymentService/SetPayoutSettings': ofUser((c, r) => c.setPayoutSettings(r), schedule(7n), schedule(8n)),
  'heidrun.v1.PaymentService/SetNetting': ofUser((c, r) => c.setNetting(r), { enabled: true }, { enabled: false }),
  'heidrun.v1.PaymentService/SetCreditLimit': byAdmin(
    (c, r) => c.setCreditLimit(r),
    { creditLimitCents: 500n, reason: 'test' },
    { creditLimitCents: 600n, reason: 'test' },
  ),
  'heidrun.v1.PaymentService/FreezeAccount': byAdmin(
    (c, r) => c.freezeAccount(r),
    { frozen: true, reason: 'test' },
    { frozen: true, reason: 'another' },
  ),
  'heidrun.v1.PaymentService/AdjustBalance': (service) => {
    const client = service.client(heidrun.PaymentServiceService, admin);
    const account = `wallet:${newUser()}`;
    return Promise.resolve({
      call: (key) => adjust(client, account, key, 300n),
      conflicting: (key) => adjust(client, account, key, 400n),
    });
  },
  'heidrun.v1.PaymentService/RequestPayout': async (service) => {
    const userId = newUser();
    const client = payments(service, userId);
    const token = 'tok_sandbox_bank';
    await client.addPaymentMethod(cardRequest({ kind: Kind.BANK_ACCOUNT, purposes: [Purpose.PAYOUT], token }));
    await adjust(service.client(heidrun.PaymentServiceService, admin), `earnings:${userId}`, randomUUID(), 1_000n);
    const request = (idempotencyKey: string, amountCents: bigint) =>
      client.requestPayout(heidrun.RequestPayoutRequest.fromPartial({ idempotencyKey, amountCents }));
    return { call: (key) => request(key, 400n), conflicting: (key) => request(key, 500n) };
  },
  'heidrun.v1.PaymentService/HandlePaymentWebhook': async (service) => {
    const reference = await waitingCharge(service);
    const client = service.client(heidrun.PaymentServiceService);
    const id = randomUUID();
    const body = Buffer.from(JSON.stringify({ id, type: 'charge.confirmed', reference }));
    const headers = { 'x-sandbox-signature': signSandboxWebhook(body) };
    // The id the payment provider signed is what repetitions are known by; there is no other content to a key.
    return {
      call: (idempotencyKey) =>
        client.handlePaymentWebhook({ idempotencyKey, paymentProvider: 'sandbox', body, headers }),
    };
  },
};

/** The reference of a top-up that waits for its payer. */
async function waitingCharge(service: TestHeidrun): Promise<string> {
  const client = payments(service, newUser());
  const { paymentMethod } = await client.addPaymentMethod(cardRequest({ token: 'tok_sandbox_action_required' }));
  const named = { idempotencyKey: randomUUID(), userId: '', paymentMethodId: paymentMethod!.id };
  await client.verifyPaymentMethod({ ...named, verificationCode: 'confirmed' });
  const request = heidrun.TopUpRequest.fromPartial({ idempotencyKey: randomUUID(), amountCents: 1_000n });
  const { topUp } = await client.topUp(request);
  const { rows } = await service.database.pool.query<{ reference: string }>(
    'SELECT provider_reference AS reference FROM top_ups WHERE id = $1',
    [topUp!.id],
  );
  return rows[0]!.reference;
}
