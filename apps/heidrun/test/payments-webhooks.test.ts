import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { balanceOf } from '../src/ledger/account-balance.ts';
import { walletOf } from '../src/ledger/account-names.ts';
import { signSandboxWebhook } from '../src/payments/provider/sandbox-webhook.ts';
import { sweepWebhooks } from '../src/payments/webhooks/sweep-webhooks.ts';
import { cardRequest, type Fixture, settings, startPayments, topUpRequest } from './payments-fixture.ts';

const { PaymentMethodKind: Kind, PaymentPurpose: Purpose, PayoutStatus, TopUpStatus: Status } = heidrun;
let f: Fixture;

beforeAll(async () => {
  f = await startPayments();
});
afterAll(() => f.close());

const deliver = (event: Record<string, unknown>, overrides: Partial<heidrun.HandlePaymentWebhookRequest> = {}) => {
  const body = Buffer.from(JSON.stringify(event));
  return f.payments('njordr', ['service']).handlePaymentWebhook({
    ...{ idempotencyKey: '', paymentProvider: 'sandbox', body },
    headers: { 'x-sandbox-signature': signSandboxWebhook(body) },
    ...overrides,
  });
};
const event = (type: string, reference: string, more = {}) => ({ id: randomUUID(), type, reference, ...more });
const available = async (subject: string) => (await f.payments(subject).getBalance({ userId: '' })).balance;
const rowOf = async (topUpId: string) => {
  const text = 'SELECT status, provider_reference AS reference FROM top_ups WHERE id = $1';
  const { rows } = await f.pool.query<{ status: string; reference: string }>(text, [topUpId]);
  return rows[0] ?? expect.fail('no top-up');
};

/** A top-up that waits for its payer. */
async function waiting(subject: string) {
  const client = f.payments(subject);
  const { paymentMethod } = await client.addPaymentMethod(cardRequest({ token: 'tok_sandbox_action_required' }));
  const named = { idempotencyKey: randomUUID(), userId: '', paymentMethodId: paymentMethod?.id ?? '' };
  await client.verifyPaymentMethod({ ...named, verificationCode: 'confirmed' });
  const { topUp } = await client.topUp(topUpRequest());
  expect(topUp?.status).toBe(Status.PENDING);
  const id = topUp?.id ?? '';
  return { client, id, reference: (await rowOf(id)).reference };
}

describe('HandlePaymentWebhook', () => {
  it('credits a top-up its payer confirmed, once for 20 deliveries at once', async () => {
    const { id, reference } = await waiting('anna');
    const confirmed = event('charge.confirmed', reference);
    const answers = await Promise.all(Array.from({ length: 20 }, () => deliver(confirmed)));
    expect(new Set(answers.map(({ eventId }) => eventId))).toEqual(new Set([confirmed.id]));
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect((await rowOf(id)).status).toBe('SUCCEEDED');
    expect((await available('anna'))?.availableCents).toBe(1_000n);
  });

  it('takes late and contradicting news as they are: what arrived stays, what was given up may still arrive', async () => {
    const paid = await waiting('ben');
    await deliver(event('charge.confirmed', paid.reference));
    await deliver(event('charge.declined', paid.reference));
    expect((await rowOf(paid.id)).status).toBe('SUCCEEDED');
    const late = await waiting('ben');
    await deliver(event('charge.declined', late.reference));
    expect((await rowOf(late.id)).status).toBe('FAILED');
    await deliver(event('charge.confirmed', late.reference));
    expect((await rowOf(late.id)).status).toBe('SUCCEEDED');
    expect((await available('ben'))?.availableCents).toBe(2_000n);
  });

  it('remembers and ignores what it does not know', async () => {
    const unknown = event('customer.created', 'x');
    expect(await deliver(unknown)).toEqual({ eventId: unknown.id, replayed: false });
    expect(await deliver(event('charge.confirmed', 'nobody’s'))).toMatchObject({ replayed: false });
    const { rows } = await f.pool.query('SELECT outcome FROM payment_webhooks WHERE event_id = $1', [unknown.id]);
    expect(rows).toEqual([{ outcome: 'ignored' }]);
  });

  it('refuses a bad or missing signature, a changed body, another provider and a body that is none', async () => {
    const { id, reference } = await waiting('cora');
    const confirmed = event('charge.confirmed', reference);
    const refused = { reason: 'WEBHOOK_SIGNATURE_INVALID' };
    await expect(deliver(confirmed, { headers: {} })).rejects.toMatchObject(refused);
    await expect(deliver(confirmed, { headers: { 'x-sandbox-signature': 'f'.repeat(64) } })).rejects.toMatchObject(
      refused,
    );
    await expect(deliver(confirmed, { body: Buffer.from('{}') })).rejects.toMatchObject(refused);
    const text = Buffer.from('not json');
    const headers = { 'x-sandbox-signature': signSandboxWebhook(text) };
    await expect(deliver({}, { body: text, headers })).rejects.toMatchObject(refused);
    await expect(deliver(confirmed, { paymentProvider: 'stripe' })).rejects.toMatchObject({
      reason: 'PAYMENT_PROVIDER_UNKNOWN',
      violations: [{ field: 'payment_provider' }],
    });
    expect((await rowOf(id)).status).toBe('PENDING');
  });

  it('takes a charge back from the wallet, the rest from the company, and freezes the account', async () => {
    const { id, reference } = await waiting('dora');
    await deliver(event('charge.confirmed', reference));
    const wallet = walletOf({ networkId: 'n', userId: 'dora' });
    await f.payments('root', ['admin']).adjustBalance({
      ...{ idempotencyKey: randomUUID(), accountId: 'wallet:dora', amountCents: -700n, reason: 'spent' },
    });
    const reversed = event('charge.reversed', reference, { reversed_cents: 1_000 });
    await deliver(reversed);
    // The same charge reported again, by another notification.
    await deliver({ ...reversed, id: randomUUID() });
    expect(await balanceOf(f.pool, wallet)).toMatchObject({ postedCents: 0n, frozen: true });
    const { rows } = await f.pool.query(
      `SELECT amount_cents FROM transfers WHERE kind = 'TOP_UP_REVERSAL' AND reverses_id = $1 ORDER BY 1`,
      [`topup:${id}`],
    );
    expect(rows).toEqual([{ amount_cents: 300n }, { amount_cents: 700n }]);
  });

  it('ends a payout in transit, and brings back one the bank returned after it had arrived', async () => {
    const client = f.payments('emil', ['provider']);
    await client.addPaymentMethod(
      cardRequest({ kind: Kind.BANK_ACCOUNT, purposes: [Purpose.PAYOUT], token: 'tok_sandbox_bank_pending' }),
    );
    await f.payments('root', ['admin']).adjustBalance({
      ...{ idempotencyKey: randomUUID(), accountId: 'earnings:emil', amountCents: 500n, reason: 'test' },
    });
    const { payout } = await client.requestPayout(
      heidrun.RequestPayoutRequest.fromPartial({ idempotencyKey: randomUUID() }),
    );
    const { rows } = await f.pool.query<{ reference: string }>(
      'SELECT provider_reference AS reference FROM payouts WHERE id = $1',
      [payout?.id],
    );
    const [{ reference }] = rows as [{ reference: string }];
    const state = async () =>
      (await client.listPayouts(heidrun.ListPayoutsRequest.fromPartial({}))).payouts.map(({ status }) => status);
    await deliver(event('payout.paid', reference));
    expect(await state()).toEqual([PayoutStatus.PAID]);
    await deliver(event('payout.failed', reference));
    expect(await state()).toEqual([PayoutStatus.FAILED]);
    expect((await available('emil'))?.earningsPayableCents).toBe(500n);
  });
});

describe('notifications', () => {
  it('are forgotten after the days of the setting, in steps, and change nothing if they come again', async () => {
    const { id, reference } = await waiting('tess');
    const confirmed = event('charge.confirmed', reference);
    await deliver(confirmed);
    await f.pool.query(
      `INSERT INTO payment_webhooks (payment_provider, event_id, type, outcome, received_at)
       SELECT 'sandbox', 'old-' || n, 'x', 'ignored', $1 FROM generate_series(1, 2500) AS n`,
      [f.clock.now()],
    );
    f.clock.advance(settings.webhookRetentionDays * 86_400_000);
    await deliver(event('nothing.known', ''));
    expect(await sweepWebhooks(f.deps)).toBe(0);
    f.clock.advance(1);
    expect(await sweepWebhooks(f.deps)).toBeGreaterThanOrEqual(2_501);
    const { rows } = await f.pool.query('SELECT type FROM payment_webhooks');
    expect(rows).toEqual([{ type: 'nothing.known' }]);
    expect((await deliver(confirmed)).replayed).toBe(false);
    expect((await rowOf(id)).status).toBe('SUCCEEDED');
    expect((await available('tess'))?.postedCents).toBe(1_000n);
  });

  it('are counted by what became of them, and so are top-ups, payouts and calls of the payment provider', async () => {
    const count = async (line: string) => {
      const text = await f.metrics.render();
      const found = text.split('\n').find((shown) => shown.startsWith(line.replace('}', ',service="heidrun"}')));
      return Number(found?.split(' ').at(-1) ?? 0);
    };
    const lines = [
      ...['succeeded', 'repeated', 'refused', 'ignored'].map(
        (outcome) => `edda_heidrun_payment_webhooks_total{outcome="${outcome}"}`,
      ),
      'edda_heidrun_payments_total{kind="topup",state="succeeded"}',
      'edda_heidrun_payment_cents_total{kind="topup"}',
      'edda_heidrun_payment_provider_calls_total{outcome="answered"}',
      'edda_heidrun_open_payments{kind="topup"}',
    ];
    const counted = async () => Promise.all(lines.map(count));
    const before = await counted();
    const { reference } = await waiting('uwe');
    f.clock.advance(5_000);
    expect(await count('edda_heidrun_oldest_open_payment_seconds{kind="topup"}')).toBeGreaterThanOrEqual(5);
    const confirmed = event('charge.confirmed', reference);
    await deliver(confirmed);
    await deliver(confirmed);
    await deliver(event('nothing.known', ''));
    await deliver(confirmed, { headers: {} }).catch(() => undefined);
    const card = f.payments('vera');
    await card.addPaymentMethod(cardRequest());
    await card.topUp(topUpRequest());
    const after = await counted();
    // Two methods attached, one of them confirmed, and two charges.
    expect(after.map((value, index) => value - (before[index] ?? 0))).toEqual([1, 1, 1, 1, 1, 1_000, 5, 0]);
  });
});

describe('a top-up that waits for its payer', () => {
  const later = (ms: number) => f.clock.advance(ms);

  it('is credited by asking the payment provider, when no notification comes', async () => {
    const { id, reference } = await waiting('fay');
    await f.pool.query(`UPDATE sandbox_charges SET status = 'succeeded' WHERE reference = $1`, [reference]);
    later(settings.retryAfterSeconds * 1_000 + 1);
    await f.topUps.sweep();
    expect((await rowOf(id)).status).toBe('SUCCEEDED');
    expect((await available('fay'))?.availableCents).toBe(1_000n);
  });

  it('is given up after its time, at the payment provider as well', async () => {
    const { id, reference } = await waiting('gus');
    later(settings.topUpExpirySeconds * 1_000 - 1);
    await f.topUps.sweep();
    expect((await rowOf(id)).status).toBe('PENDING');
    later(3_600_000);
    await f.topUps.sweep();
    expect((await rowOf(id)).status).toBe('FAILED');
    expect((await f.sandbox.findCharge(reference)).status).toBe('declined');
    expect((await available('gus'))?.availableCents).toBe(0n);
  });
});
