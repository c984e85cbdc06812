import { heidrun } from '@edda/contracts';
import { type CallContext } from '@edda/grpc-kit';
import { describe, expect, it } from 'vitest';
import { startEdge } from './edge-fixture.ts';

describe('payment routes', () => {
  it('ask Heidrun as Njörðr on behalf of the caller', async () => {
    const seen: { request: unknown; ctx: CallContext }[] = [];
    const edge = await startEdge({
      payments: {
        addPaymentMethod: async (request, ctx) => {
          seen.push({ request, ctx });
          return heidrun.AddPaymentMethodResponse.fromPartial({ paymentMethod: { id: 'pm-1' } });
        },
        getBalance: async (request, ctx) => {
          seen.push({ request, ctx });
          return heidrun.GetBalanceResponse.fromPartial({ balance: { availableCents: 1_200n } });
        },
      },
    });
    const added = await edge.call('POST', '/api/v1/payments/methods', {
      body: { kind: 'CARD', purposes: ['PAY'], token: 'tok_sandbox_visa' },
    });
    expect(added).toMatchObject({ status: 201, json: { id: 'pm-1' } });
    const balance = await edge.call('GET', '/api/v1/payments/balance');
    expect(balance.json).toMatchObject({ balance: { available_cents: 1_200 }, netting_enabled: false });
    expect(seen[0]?.request).toMatchObject({ kind: heidrun.PaymentMethodKind.CARD, userId: '' });
    for (const { ctx } of seen) {
      expect(ctx.identity).toMatchObject({ subject: 'user-1', networkId: 'net-1', actor: { subject: 'njordr' } });
    }
  });

  it('refuse to be told whose account it is', async () => {
    const edge = await startEdge();
    const answer = await edge.call('GET', '/api/v1/payments/balance?user_id=somebody');
    expect(answer.json).toMatchObject({ status: 400, violations: [{ field: 'user_id' }] });
  });

  it('passes a payment provider’s notification on byte by byte, without a token', async () => {
    let seen: heidrun.HandlePaymentWebhookRequest | undefined;
    const edge = await startEdge({
      payments: {
        handlePaymentWebhook: async (request) => {
          seen = request;
          return { eventId: 'evt-1', replayed: false };
        },
      },
    });
    const raw = '{"a": 1}\n';
    const headers = { 'x-signature': 's', authorization: 'Basic eA==' };
    const answer = await edge.call('POST', '/api/v1/payments/webhooks/sandbox', { token: null, raw, headers });
    expect(answer.json).toEqual({ event_id: 'evt-1', replayed: false });
    expect(seen?.body.toString()).toBe(raw);
    expect(seen?.headers).toMatchObject({ 'x-signature': 's' });
    expect(seen?.headers).not.toHaveProperty('authorization');
  });
});
