import { setTimeout as sleep } from 'node:timers/promises';
import { type MarketUser } from '@edda/app-edda/separate';
import { heidrun } from '@edda/contracts';
import { type Random } from '../market/random.ts';
import { type Answer, insist, type MoneyDeed } from './insist.ts';
import { type MoneyWorld } from './open-money-world.ts';

export const networkId = 'demo';
export const model = 'gpt-4o';
/** Longest wait for one answer. */
const withinMs = { deadlineMs: 5_000 };
const njordr: MarketUser = { subject: 'njordr', networkId: 'edda', roles: ['service'] };

/** One client of Heidrun: a requester whose requests Njörðr brings, and the owner of the device that serves them. */
export function createMoneyClient(world: MoneyWorld, name: string, random: Random) {
  const requester: MarketUser = { subject: name, networkId, roles: ['user'] };
  const owner: MarketUser = { subject: `owner-of-${name}`, networkId, roles: ['user', 'provider'] };
  const preAuth = world.client(heidrun.PreAuthServiceService, njordr);
  const settlement = world.client(heidrun.SettlementServiceService, njordr);
  const payments = world.client(heidrun.PaymentServiceService, requester);
  const earnings = world.client(heidrun.PaymentServiceService, owner);
  const pricing = world.client(heidrun.PricingServiceService, njordr);
  const providerId = `device-of-${name}`;
  const asked = (what: string, key: string, call: () => Promise<Answer>) => insist(what, key, random, call);

  function hold(key: string, ttlSeconds: number) {
    const request = heidrun.PreAuthorizeRequest.fromPartial({
      ...{ idempotencyKey: key, requestId: key, transactionId: key, requesterId: name, networkId, model },
      ...{ candidates: [{ providerId }], tokens: { $case: 'inputTokens', value: BigInt(random.between(1, 500)) } },
      ...{ maxOutputTokens: BigInt(random.between(1, 500)), ttlSeconds },
    });
    return asked('hold', key, async () => {
      const { preauthId, estimatedCostCents: cents } = await preAuth.preAuthorize(request, withinMs);
      return { id: preauthId, cents };
    });
  }

  function capture(key: string, preauthId: string) {
    const leg = { providerId, output: { $case: 'outputTokens', value: BigInt(random.between(1, 900)) } } as const;
    const request = heidrun.CapturePreAuthRequest.fromPartial({
      ...{ idempotencyKey: key, requestId: key, preauthId, legs: [leg], finishReason: 1 },
    });
    return asked('capture', key, async () => {
      const { capturedCents: cents, companyFeeCents: fee } = await preAuth.capturePreAuth(request, withinMs);
      return { id: preauthId, cents, fee };
    });
  }

  const cancel = (key: string, preauthId: string) =>
    asked('cancel', key, async () => {
      const request = { idempotencyKey: key, requestId: key, preauthId, reason: 'not wanted any more' };
      const { releasedCents: cents } = await preAuth.cancelPreAuth(request, withinMs);
      return { id: preauthId, cents };
    });

  const refund = (key: string, transactionId: string, amountCents: bigint) =>
    asked('refund', key, async () => {
      const named = { idempotencyKey: key, requestId: key, transactionId, disputeId: '', reason: 'not as promised' };
      const answer = await settlement.refund({ ...named, amountCents }, withinMs);
      return { id: answer.refundId, cents: answer.refundedCents, fee: answer.feeReturnedCents, transactionId };
    });

  const topUp = (key: string, amountCents: bigint) =>
    asked('top-up', key, async () => {
      const request = { idempotencyKey: key, userId: '', amountCents, paymentMethodId: '' };
      const { topUp: record } = await payments.topUp(request, withinMs);
      return { id: record?.id ?? '', cents: record?.amountCents ?? 0n };
    });

  const payout = (key: string, amountCents: bigint) =>
    asked('payout', key, async () => {
      const request = { idempotencyKey: key, userId: '', amountCents, paymentMethodId: '' };
      const { payout: record } = await earnings.requestPayout(request, withinMs);
      return { id: record?.id ?? '', cents: record?.amountCents ?? 0n };
    });

  /** A request from its hold to its end, or money in or out; amounts tell top-ups and payouts of a client apart. */
  async function act(index: number): Promise<MoneyDeed[]> {
    const key = (step: string) => `${name}-${index}-${step}`;
    const draw = random.next();
    if (draw < 0.12) return [await topUp(key('top-up'), BigInt(1_000 + index))];
    if (draw < 0.24) return [await payout(key('payout'), BigInt(100 + index))];
    const left = draw < 0.32;
    const held = await hold(key('hold'), left ? 2 : 60);
    const id = String(held.answer?.['id'] ?? '');
    if (left || id === '') return [held];
    if (draw < 0.42) return [held, await cancel(key('cancel'), id)];
    const captured = await capture(key('capture'), id);
    const cents = BigInt(captured.answer?.['cents'] ?? 0n);
    if (draw < 0.8 || cents === 0n) return [held, captured];
    return [held, captured, await refund(key('refund'), key('hold'), BigInt(random.between(1, Number(cents))))];
  }

  return {
    requester,
    owner,
    /** Prices, methods and a first top-up. */
    async open(): Promise<MoneyDeed[]> {
      const { PaymentMethodKind: Kind, PaymentPurpose: Purpose } = heidrun;
      const price = { providerId, ownerId: owner.subject, networkId, model, priceCents: 40n };
      const key = `${name}-opening`;
      await pricing.setPricingConfig(heidrun.SetPricingConfigRequest.fromPartial({ idempotencyKey: key, ...price }));
      const card = { kind: Kind.CARD, purposes: [Purpose.PAY], token: 'tok_sandbox_visa' };
      await payments.addPaymentMethod(heidrun.AddPaymentMethodRequest.fromPartial({ idempotencyKey: key, ...card }));
      const bank = { kind: Kind.BANK_ACCOUNT, purposes: [Purpose.PAYOUT], token: 'tok_sandbox_bank' };
      await earnings.addPaymentMethod(heidrun.AddPaymentMethodRequest.fromPartial({ idempotencyKey: key, ...bank }));
      return [await topUp(`${name}-first`, 50_000n)];
    },
    async run(goesOn: () => boolean, done: (deeds: MoneyDeed[]) => void): Promise<void> {
      for (let index = 0; goesOn(); index += 1) {
        done(await act(index));
        await sleep(random.between(0, 10));
      }
    },
  };
}
