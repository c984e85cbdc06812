import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cardRequest, type Fixture, startPayments } from './payments-fixture.ts';

const { PaymentMethodKind: Kind, PaymentMethodStatus: Status, PaymentPurpose: Purpose, ReadinessProblem } = heidrun;
let f: Fixture;

beforeAll(async () => {
  f = await startPayments();
});
afterEach(() => {
  f.current.provider = f.sandbox;
});
afterAll(() => f.close());

const verify = (paymentMethodId: string, verificationCode: string, idempotencyKey: string = randomUUID()) =>
  heidrun.VerifyPaymentMethodRequest.fromPartial({ idempotencyKey, paymentMethodId, verificationCode });
const list = () => heidrun.ListPaymentMethodsRequest.fromPartial({});
/** A mandate that waits for its two deposits. */
const pendingOf = async (subject: string) => {
  const request = cardRequest({ kind: Kind.SEPA_DEBIT, token: 'tok_sandbox_sepa' });
  return (await f.payments(subject).addPaymentMethod(request)).paymentMethod ?? expect.fail('no method');
};

describe('VerifyPaymentMethod', () => {
  it('takes the two micro-deposits, once; verifying again answers as before', async () => {
    const { id, status } = await pendingOf('emil');
    expect(status).toBe(Status.PENDING);
    const client = f.payments('emil');
    expect(await client.checkPaymentReadiness({ userId: '', purpose: Purpose.PAY })).toMatchObject({
      problem: ReadinessProblem.NOT_VERIFIED,
    });
    const request = verify(id, '12 34');
    const first = await client.verifyPaymentMethod(request);
    expect(first.paymentMethod?.status).toBe(Status.VERIFIED);
    expect(await client.verifyPaymentMethod(request)).toEqual({ ...first, replayed: true });
    expect((await client.verifyPaymentMethod(verify(id, 'x'))).paymentMethod?.status).toBe(Status.VERIFIED);
    const events = await f.pool.query(`SELECT FROM outbox_events WHERE payload->>'payment_method_id' = $1`, [id]);
    expect(events.rowCount).toBe(1);
  });

  it('counts an attempt once per key and locks after the last', async () => {
    const { id } = await pendingOf('fay');
    const client = f.payments('fay');
    const wrong = verify(id, '1,2');
    for (let i = 0; i < 5; i++) {
      await expect(client.verifyPaymentMethod(wrong)).rejects.toMatchObject({
        reason: 'VERIFICATION_FAILED',
        metadata: { attempts_left: '2' },
      });
    }
    await expect(client.verifyPaymentMethod(verify(id, '3,4'))).rejects.toThrow();
    await expect(client.verifyPaymentMethod(verify(id, '5,6'))).rejects.toMatchObject({
      metadata: { attempts_left: '0' },
    });
    await expect(client.verifyPaymentMethod(verify(id, '12,34'))).rejects.toMatchObject({
      reason: 'ILLEGAL_TRANSITION',
    });
    const { paymentMethods } = await client.listPaymentMethods(list());
    expect(paymentMethods[0]).toMatchObject({ status: Status.FAILED });
    expect(paymentMethods[0]?.failureReason).not.toBe('');
  });

  it('asks the payment provider no more often than there are attempts, however many guesses come at once', async () => {
    const { id } = await pendingOf('gus');
    let asked = 0;
    f.current.provider = {
      ...f.sandbox,
      verifyMethod: (request) => {
        asked += 1;
        return f.sandbox.verifyMethod(request);
      },
    };
    const client = f.payments('gus');
    const guesses = Array.from({ length: 40 }, (_, i) => client.verifyPaymentMethod(verify(id, `1,${i}`)));
    expect((await Promise.allSettled(guesses)).every(({ status }) => status === 'rejected')).toBe(true);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(3);
  });

  it('tells when the payment provider does not answer, and counts the attempt once', async () => {
    const { id } = await pendingOf('hal');
    f.current.provider = { ...f.sandbox, verifyMethod: () => Promise.reject(new Error('down')) };
    const request = verify(id, '12,34');
    await expect(f.payments('hal').verifyPaymentMethod(request)).rejects.toMatchObject({
      reason: 'PAYMENT_PROVIDER_UNAVAILABLE',
    });
    f.current.provider = f.sandbox;
    const { paymentMethod } = await f.payments('hal').verifyPaymentMethod(request);
    expect(paymentMethod?.status).toBe(Status.VERIFIED);
    const { rows } = await f.pool.query('SELECT verification_attempts FROM payment_methods WHERE id = $1', [id]);
    expect(rows).toEqual([{ verification_attempts: 1 }]);
  });
});
