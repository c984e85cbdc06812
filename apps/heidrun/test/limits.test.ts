import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { createFakeClock } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Caller,
  captureRequest,
  counted,
  holdRequest,
  setPrice,
  startHeidrun,
  type TestHeidrun,
} from './support/start-heidrun.ts';

let h: TestHeidrun;
// The second day of a month at noon, so that a day and a month begin at different times.
const clock = createFakeClock('2026-03-02T12:00:00Z');

beforeAll(async () => {
  h = await startHeidrun({ clock });
  await setPrice(h, 'p-1', { priceCents: 1_000n });
});
afterAll(() => h.close());

const DAY_MS = 86_400_000;
const payments = (caller: Caller) => h.client(heidrun.PaymentServiceService, caller);
const user = (subject: string): Caller => ({ subject, roles: ['user'] });
const limit = (subject: string, spendingLimit: Partial<heidrun.SpendingLimit>) =>
  payments(user(subject)).setSpendingLimit(
    heidrun.SetSpendingLimitRequest.fromPartial({ idempotencyKey: randomUUID(), spendingLimit }),
  );
/** Holds this many cents, at 1 ct per token. */
const hold = (subject: string, cents: bigint, more: Partial<heidrun.PreAuthorizeRequest> = {}) =>
  h.preAuth.preAuthorize(
    holdRequest(subject, ['p-1'], { tokens: { $case: 'inputTokens', value: cents }, maxOutputTokens: 0n, ...more }),
  );
const spend = async (subject: string, cents: bigint) => {
  const { preauthId } = await hold(subject, cents);
  await h.preAuth.capturePreAuth(captureRequest(preauthId, [{ providerId: 'p-1', ...counted(cents, 0n) }]));
};

describe('spending limits (domain rules, Pre-authorization)', () => {
  it('bound what is captured and held in a month, to the cent', async () => {
    const subject = await h.requester(10_000n);
    await limit(subject, { monthlyCents: 1_000n });
    await spend(subject, 600n);
    await hold(subject, 300n);
    await expect(hold(subject, 101n)).rejects.toMatchObject({
      reason: 'SPENDING_LIMIT_EXCEEDED',
      metadata: { limit: 'monthly', limit_cents: '1000', left_cents: '100', required_cents: '101' },
      violations: [{ field: 'requester_id' }],
    });
    await hold(subject, 100n);
  });

  it('let through no more than the limit, however many ask at once', async () => {
    const subject = await h.requester(10_000n);
    await limit(subject, { dailyCents: 100n });
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => hold(subject, 30n)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  });

  it('begin anew with the day and the month (UTC); the tighter one counts', async () => {
    const subject = await h.requester(10_000n);
    await limit(subject, { dailyCents: 100n, monthlyCents: 150n });
    await spend(subject, 100n);
    await expect(hold(subject, 1n)).rejects.toMatchObject({ metadata: { limit: 'daily', left_cents: '0' } });
    clock.advance(DAY_MS);
    await expect(hold(subject, 51n)).rejects.toMatchObject({ metadata: { limit: 'monthly', left_cents: '50' } });
    await spend(subject, 50n);
    clock.advance(30 * DAY_MS);
    await spend(subject, 100n);
  });

  it('shorten the output where the request names none', async () => {
    const subject = await h.requester(10_000n);
    await limit(subject, { monthlyCents: 500n });
    const { outputBudgetTokens } = await hold(subject, 100n, { maxOutputTokens: undefined });
    expect(outputBudgetTokens).toBe(400n);
  });

  it('are a default for the most a request may cost, which a request may name itself', async () => {
    const subject = await h.requester(10_000n);
    await limit(subject, { defaultMaxCostCents: 50n });
    await expect(hold(subject, 51n)).rejects.toMatchObject({ reason: 'MAX_COST_EXCEEDED' });
    await hold(subject, 51n, { maxCostCents: 60n });
  });

  it('are replaced as a whole, remembered, and refused out of bounds', async () => {
    const subject = await h.requester(10_000n);
    await limit(subject, { dailyCents: 0n });
    await expect(hold(subject, 1n)).rejects.toMatchObject({ reason: 'SPENDING_LIMIT_EXCEEDED' });
    await limit(subject, {});
    await hold(subject, 1n);
    expect((await payments(user(subject)).getBalance({ userId: '' })).spendingLimit).toEqual({
      dailyCents: undefined,
      monthlyCents: undefined,
      defaultMaxCostCents: undefined,
    });
    for (const bad of [-1n, 10n ** 12n + 1n]) {
      await expect(limit(subject, { monthlyCents: bad })).rejects.toMatchObject({
        reason: 'INVALID_INPUT',
        violations: [{ field: 'spending_limit.monthly_cents' }],
      });
    }
  });
});
