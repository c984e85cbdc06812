import { randomUUID } from 'node:crypto';
import * as contracts from '@edda/contracts';
import { heidrun } from '@edda/contracts';
import { mutations } from '@edda/contracts/test/mutations';
import { type RpcService } from '@edda/grpc-kit';
import { assertOneEffect, assertUnimplemented, type PreparedMutation, settingsMutations } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rules } from '../src/rules.ts';
import { cardRequest } from './payments-fixture.ts';
import { moneyMutations } from './support/money-mutations.ts';
import {
  captureRequest,
  counted,
  holdRequest,
  setPrice,
  startHeidrun,
  type TestHeidrun,
} from './support/start-heidrun.ts';

const packages = [contracts.heidrun, contracts.settings, contracts.audit];
const own = mutations.filter((name) => /^(heidrun|settings|audit)\./.test(name));

/** One row for each mutation that is implemented; what has none must answer UNIMPLEMENTED. */
const rows: Readonly<Record<string, (service: TestHeidrun) => Promise<PreparedMutation>>> = {
  ...moneyMutations,
  'heidrun.v1.PricingService/SetPricingConfig': async ({ pricing }) => {
    const request = heidrun.SetPricingConfigRequest.fromPartial({
      ...{ providerId: `p-${randomUUID()}`, ownerId: 'owner', networkId: 'net', model: 'gpt-4o', priceCents: 3n },
    });
    return {
      call: (idempotencyKey) => pricing.setPricingConfig({ ...request, idempotencyKey }),
      conflicting: (idempotencyKey) => pricing.setPricingConfig({ ...request, priceCents: 4n, idempotencyKey }),
    };
  },
  'heidrun.v1.PreAuthService/PreAuthorize': async (service) => {
    const request = await holdable(service);
    return {
      call: (idempotencyKey) => service.preAuth.preAuthorize({ ...request, idempotencyKey }),
      conflicting: (idempotencyKey) =>
        service.preAuth.preAuthorize({ ...request, maxOutputTokens: 7n, idempotencyKey }),
    };
  },
  'heidrun.v1.PreAuthService/CapturePreAuth': async (service) => {
    const { preauthId, providerId } = await held(service);
    const request = (output: bigint) => captureRequest(preauthId, [{ providerId, ...counted(1_000n, output) }]);
    return {
      call: (idempotencyKey) => service.preAuth.capturePreAuth({ ...request(900n), idempotencyKey }),
      conflicting: (idempotencyKey) => service.preAuth.capturePreAuth({ ...request(100n), idempotencyKey }),
    };
  },
  'heidrun.v1.PreAuthService/CancelPreAuth': async (service) => {
    const { preauthId } = await held(service);
    const cancel = (idempotencyKey: string, reason: string) =>
      service.preAuth.cancelPreAuth({ idempotencyKey, preauthId, reason, requestId: 'r' });
    return { call: (key) => cancel(key, 'test'), conflicting: (key) => cancel(key, 'another reason') };
  },
  'heidrun.v1.SettlementService/Refund': async (service) => {
    const { preauthId, providerId, transactionId } = await held(service);
    await service.preAuth.capturePreAuth(captureRequest(preauthId, [{ providerId, ...counted(1_000n, 900n) }]));
    const settlement = service.client(heidrun.SettlementServiceService);
    const refund = (idempotencyKey: string, amountCents: bigint) =>
      settlement.refund(
        heidrun.RefundRequest.fromPartial({
          ...{ idempotencyKey, requestId: 'r', transactionId, amountCents, reason: 'test' },
        }),
      );
    return { call: (key) => refund(key, 2n), conflicting: (key) => refund(key, 1n) };
  },
  'heidrun.v1.TokenService/TrackTokens': async (service) => {
    const tokens = service.client(heidrun.TokenServiceService);
    const request = heidrun.TrackTokensRequest.fromPartial({
      ...{ requestId: randomUUID(), providerId: `p-${randomUUID()}`, userId: 'u', networkId: 'net' },
      ...{ model: 'gpt-4o', inputTokens: 5n, outputTokens: 7n },
    });
    return {
      call: (idempotencyKey) => tokens.trackTokens({ ...request, idempotencyKey }),
      conflicting: (idempotencyKey) => tokens.trackTokens({ ...request, outputTokens: 8n, idempotencyKey }),
    };
  },
  'heidrun.v1.PaymentService/AddPaymentMethod': async (service) => {
    const payments = paymentsOf(service);
    return {
      call: (idempotencyKey) => payments.addPaymentMethod(cardRequest({ idempotencyKey })),
      conflicting: (idempotencyKey) =>
        payments.addPaymentMethod(cardRequest({ idempotencyKey, token: 'tok_sandbox_declined' })),
    };
  },
  'heidrun.v1.PaymentService/VerifyPaymentMethod': async (service) => {
    const { payments, paymentMethodId } = await withCard(service, false);
    const verify = (idempotencyKey: string, more: object = {}) =>
      payments.verifyPaymentMethod(
        heidrun.VerifyPaymentMethodRequest.fromPartial({ idempotencyKey, paymentMethodId, ...more }),
      );
    return {
      call: (key) => verify(key),
      conflicting: (key) => verify(key, { paymentMethodId: 'another' }),
    };
  },
  'heidrun.v1.PaymentService/SetDefaultPaymentMethod': async (service) => {
    const { payments } = await withCard(service, true);
    const paymentMethodId = await addCard(payments, true);
    const set = (idempotencyKey: string, id: string) =>
      payments.setDefaultPaymentMethod(
        heidrun.SetDefaultPaymentMethodRequest.fromPartial({
          ...{ idempotencyKey, paymentMethodId: id, purpose: heidrun.PaymentPurpose.PAY },
        }),
      );
    return { call: (key) => set(key, paymentMethodId), conflicting: (key) => set(key, 'another') };
  },
  'heidrun.v1.PaymentService/RemovePaymentMethod': async (service) => {
    const { payments, paymentMethodId } = await withCard(service, true);
    const remove = (idempotencyKey: string, id: string) =>
      payments.removePaymentMethod(
        heidrun.RemovePaymentMethodRequest.fromPartial({ idempotencyKey, paymentMethodId: id }),
      );
    return { call: (key) => remove(key, paymentMethodId), conflicting: (key) => remove(key, 'another') };
  },
  'heidrun.v1.PaymentService/TopUp': async (service) => {
    const { payments } = await withCard(service, true);
    const topUp = (idempotencyKey: string, amountCents: bigint) =>
      payments.topUp(heidrun.TopUpRequest.fromPartial({ idempotencyKey, amountCents }));
    return { call: (key) => topUp(key, 1_000n), conflicting: (key) => topUp(key, 2_000n) };
  },
};

const paymentsOf = (service: TestHeidrun) =>
  service.client(heidrun.PaymentServiceService, { subject: `user-${randomUUID()}`, roles: ['user'] });

async function addCard(payments: ReturnType<typeof paymentsOf>, verified: boolean): Promise<string> {
  const { paymentMethod } = await payments.addPaymentMethod(cardRequest());
  const { paymentMethodId } = { paymentMethodId: paymentMethod!.id };
  if (verified) {
    await payments.verifyPaymentMethod(
      heidrun.VerifyPaymentMethodRequest.fromPartial({ idempotencyKey: randomUUID(), paymentMethodId }),
    );
  }
  return paymentMethodId;
}

async function withCard(service: TestHeidrun, verified: boolean) {
  const payments = paymentsOf(service);
  return { payments, paymentMethodId: await addCard(payments, verified) };
}

async function holdable(service: TestHeidrun): Promise<heidrun.PreAuthorizeRequest> {
  const providerId = `p-${randomUUID()}`;
  await setPrice(service, providerId);
  return holdRequest(await service.requester(10_000n), [providerId]);
}

async function held(service: TestHeidrun) {
  const request = await holdable(service);
  const { preauthId } = await service.preAuth.preAuthorize(request);
  return { preauthId, providerId: request.candidates[0]!.providerId, transactionId: request.transactionId };
}

describe('every mutation, called 100 times at once with one key', () => {
  let service: TestHeidrun;
  beforeAll(async () => void (service = await startHeidrun()));
  afterAll(() => service.close());

  it.each(own)('%s has one effect, or is not there yet', async (mutation) => {
    const admin = service.client(contracts.settings.SettingsServiceService, { subject: 'admin', roles: ['admin'] });
    const row = rows[mutation] ?? settingsMutations(admin)[mutation];
    if (row === undefined) return assertUnimplemented({ packages, mutation, client: callerOf(mutation) });
    // Accounts open at first use, the company's in several shards; that balances follow the transfers is checked below.
    const derived = ['usage_rollups', 'accounts'];
    await assertOneEffect({ pool: service.database.pool, derived, prepare: () => row(service) });
  });

  const callerOf = (mutation: string) => (definition: object) => {
    const { roles, subjects } = rules[`/edda.${mutation}`]!;
    return service.client(definition as RpcService, { roles: roles.slice(0, 1), subject: subjects?.[0] ?? 'someone' });
  };

  it('leaves the ledger balanced', async () => {
    expect((await service.ledger.verifyLedger({ maxViolations: 0 })).violations).toEqual([]);
  });

  it('has no row for what is no mutation', () => {
    expect(own).toEqual(expect.arrayContaining(Object.keys(rows)));
  });
});
