import { randomUUID } from 'node:crypto';
import { common, heidrun } from '@edda/contracts';
import { type Fault } from '@edda/faults';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  cancelRequest,
  captureRequest,
  counted,
  holdRequest,
  setPrice,
  startHeidrun,
  type TestHeidrun,
} from './support/start-heidrun.ts';

let service: TestHeidrun;
beforeAll(async () => {
  service = await startHeidrun();
  await setPrice(service, 'p-1');
  await setPrice(service, 'p-2', { priceCents: 5n, outputPriceCents: 10n });
});
afterAll(() => service.close());

const walletOf = async (userId: string) =>
  (await service.ledger.getAccount({ accountId: `wallet:net/${userId}` })).account;
const times = <T>(count: number, fn: (index: number) => Promise<T>) =>
  Promise.allSettled(Array.from({ length: count }, (_, index) => fn(index)));
const reasons = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as Fault).reason] : []));
const values = <T>(results: readonly PromiseSettledResult<T>[]) =>
  results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
const intact = async () => {
  const { violations } = await service.ledger.verifyLedger({ maxViolations: 0 });
  expect(violations).toEqual([]);
};

describe('PreAuthorize', () => {
  it('holds the largest estimate over the candidates and pins their prices and the rate', async () => {
    const user = await service.requester(1_000n);
    const held = await service.preAuth.preAuthorize(holdRequest(user, ['p-1', 'p-2']));
    expect(held).toMatchObject({
      authorized: true,
      estimatedCostCents: 15n,
      outputBudgetTokens: 1_000n,
      commissionRateBps: 1_500,
      replayed: false,
    });
    expect(held.pinnedPrices.map((price) => price.estimatedCostCents)).toEqual([6n, 15n]);
    expect(await walletOf(user)).toMatchObject({ postedCents: 1_000n, pendingCents: 15n, availableCents: 985n });
  });

  it('makes one hold of 100 parallel identical requests', async () => {
    const user = await service.requester(10n);
    const request = holdRequest(user, ['p-1']);
    const answers = values(await times(100, () => service.preAuth.preAuthorize(request)));
    expect(answers).toHaveLength(100);
    expect(new Set(answers.map((answer) => answer.preauthId)).size).toBe(1);
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
    expect(await walletOf(user)).toMatchObject({ pendingCents: 6n });
  });

  it('refuses the same transaction or key with other content', async () => {
    const user = await service.requester(1_000n);
    const request = holdRequest(user, ['p-1']);
    await service.preAuth.preAuthorize(request);
    const conflict = { reason: 'IDEMPOTENCY_CONFLICT' };
    const { preAuth } = service;
    await expect(preAuth.preAuthorize({ ...request, maxOutputTokens: 7n })).rejects.toMatchObject(conflict);
    await expect(preAuth.preAuthorize({ ...request, transactionId: randomUUID() })).rejects.toMatchObject(conflict);
    const other = await service.requester(1_000n);
    await expect(preAuth.preAuthorize({ ...request, requesterId: other })).rejects.toMatchObject(conflict);
  });

  it('never holds more than the wallet has, however many ask at once', async () => {
    const user = await service.requester(20n);
    const results = await times(30, () => service.preAuth.preAuthorize(holdRequest(user, ['p-1'])));
    expect(values(results)).toHaveLength(3);
    expect(new Set(reasons(results))).toEqual(new Set(['INSUFFICIENT_FUNDS']));
    expect(await walletOf(user)).toMatchObject({ pendingCents: 18n, availableCents: 2n });
  });

  it('takes what the wallet buys as output budget where nothing else bounds it', async () => {
    const user = await service.requester(10n);
    const request = holdRequest(user, ['p-1'], { maxOutputTokens: undefined });
    const held = await service.preAuth.preAuthorize(request);
    // 10 ct at 3 ct per 1,000 are 3,333 tokens, 1,000 of them input.
    expect(held).toMatchObject({ estimatedCostCents: 10n, outputBudgetTokens: 2_333n });
  });
});

describe('CapturePreAuth', () => {
  const hold = async (user: string, providers = ['p-1']) =>
    (await service.preAuth.preAuthorize(holdRequest(user, providers))).preauthId;

  it('prices, splits and books with one rounding, and releases the rest', async () => {
    const user = await service.requester(1_000n);
    await setPrice(service, 'p-book', { priceCents: 300n });
    const preauthId = await hold(user, ['p-book']);
    const captured = await service.preAuth.capturePreAuth(
      captureRequest(preauthId, [{ providerId: 'p-book', ...counted(1_000n, 234n) }]),
    );
    // ⌈1,234 × 300 / 1,000⌉ = 371; fee ⌊371 × 15 %⌋ = 55.
    expect(captured).toMatchObject({
      capturedCents: 371n,
      releasedCents: 229n,
      companyFeeCents: 55n,
      providerEarningsCents: 316n,
      totalTokens: 1_234n,
      cappedAtHold: false,
      replayed: false,
    });
    expect(captured.transfers.map((t) => [t.debitAccount, t.creditAccount, t.amountCents])).toEqual([
      [`wallet:net/${user}`, 'earnings:net/owner-of-p-book', 316n],
      [`wallet:net/${user}`, 'revenue:company', 55n],
    ]);
    expect(await walletOf(user)).toMatchObject({ postedCents: 629n, pendingCents: 0n });
    await intact();
  });

  it('never takes more than the hold, and says so', async () => {
    const user = await service.requester(1_000n);
    const preauthId = await hold(user);
    const captured = await service.preAuth.capturePreAuth(
      captureRequest(preauthId, [{ providerId: 'p-1', ...counted(1_000n, 900_000n) }]),
    );
    expect(captured).toMatchObject({ capturedCents: 6n, releasedCents: 0n, cappedAtHold: true });
  });

  it('captures zero without a transfer', async () => {
    const user = await service.requester(1_000n);
    const preauthId = await hold(user);
    const request = captureRequest(preauthId, [{ providerId: 'p-1', ...counted(0n, 0n) }]);
    expect(await service.preAuth.capturePreAuth(request)).toMatchObject({
      capturedCents: 0n,
      releasedCents: 6n,
      transfers: [],
    });
    const { preauth } = await service.preAuth.getPreAuth({ key: { $case: 'preauthId', value: preauthId } });
    expect(preauth?.status).toBe(heidrun.PreAuthStatus.CAPTURED);
  });

  it('splits the earnings over the providers that delivered, by largest remainder', async () => {
    const user = await service.requester(1_000n);
    const preauthId = await hold(user, ['p-1', 'p-2']);
    const captured = await service.preAuth.capturePreAuth(
      captureRequest(preauthId, [
        { providerId: 'p-1', output: { $case: 'outputTokens', value: 500n } },
        { providerId: 'p-2', ...counted(1_000n, 500n) },
      ]),
    );
    // Exact products 1.5 and 5 + 5 = 10 ct: together ⌈11.5⌉ = 12, never 2 + 10.
    expect(captured.capturedCents).toBe(12n);
    const earned = captured.legs.reduce((sum, leg) => sum + leg.providerEarningsCents, 0n);
    expect(earned + captured.companyFeeCents).toBe(12n);
    expect(captured.legs.map((leg) => leg.costShareCents)).toEqual([2n, 10n]);
    await intact();
  });

  it('carries the commission, so that a hundred 1-cent requests pay their 15 %', async () => {
    const user = await service.requester(1_000n);
    await setPrice(service, 'p-carry');
    const fees = await times(100, async () => {
      const preauthId = await hold(user, ['p-carry']);
      const request = captureRequest(preauthId, [{ providerId: 'p-carry', ...counted(1n, 0n) }]);
      return (await service.preAuth.capturePreAuth(request)).companyFeeCents;
    });
    expect(values(fees).reduce((sum, fee) => sum + fee, 0n)).toBe(15n);
    await intact();
  });

  it('counts texts itself and bills its own count where EXACT, whatever is claimed', async () => {
    const user = await service.requester(1_000n);
    const preauthId = await hold(user);
    const captured = await service.preAuth.capturePreAuth(
      captureRequest(preauthId, [
        {
          providerId: 'p-1',
          input: { $case: 'inputText', value: 'hello world' },
          output: { $case: 'outputText', value: 'hello hello hello' },
          claimedInputTokens: 900n,
          claimedOutputTokens: 900n,
        },
      ]),
    );
    expect(captured.legs[0]).toMatchObject({
      inputTokens: 2n,
      outputTokens: 3n,
      countedInputTokens: 2n,
      method: common.TokenMethod.EXACT,
      tokenizer: 'o200k_base',
      claimDeviation: 1,
    });
  });

  it('answers 100 parallel identical captures with one effect', async () => {
    const user = await service.requester(1_000n);
    const preauthId = await hold(user);
    const request = captureRequest(preauthId, [{ providerId: 'p-1', ...counted(1_000n, 1_000n) }]);
    const results = await times(100, () => service.preAuth.capturePreAuth(request));
    expect(reasons(results)).toEqual([]);
    const answers = values(results);
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
    const contents = answers.map((answer) => JSON.stringify({ ...answer, replayed: true }, bigints));
    expect(new Set(contents).size).toBe(1);
    expect(await walletOf(user)).toMatchObject({ postedCents: 994n, pendingCents: 0n });
  });

  it('refuses a second capture with other content', async () => {
    const user = await service.requester(1_000n);
    const [first, second] = [await hold(user), await hold(user)];
    const request = captureRequest(first, [{ providerId: 'p-1', ...counted(10n, 10n) }]);
    await service.preAuth.capturePreAuth(request);
    const conflict = { reason: 'IDEMPOTENCY_CONFLICT' };
    const { preAuth } = service;
    const other = captureRequest(first, [{ providerId: 'p-1', ...counted(10n, 11n) }]);
    await expect(preAuth.capturePreAuth(other)).rejects.toMatchObject(conflict);
    await expect(preAuth.capturePreAuth({ ...request, preauthId: second })).rejects.toMatchObject(conflict);
  });

  it('has exactly one winner between capture, cancel and expiry', async () => {
    const user = await service.requester(10_000n);
    const { sweepHolds } = await import('../src/preauth/sweep-holds.ts');
    const outcomes = await Promise.all(
      Array.from({ length: 25 }, async () => {
        const preauthId = await hold(user);
        const request = captureRequest(preauthId, [{ providerId: 'p-1', ...counted(100n, 100n) }]);
        const late = { now: () => new Date(service.clock.now().getTime() + 3_600_000) };
        const results = await Promise.allSettled([
          service.preAuth.capturePreAuth(request),
          service.preAuth.cancelPreAuth(cancelRequest(preauthId)),
          sweepHolds({ ...sweepDeps(), clock: late }),
        ]);
        const { preauth } = await service.preAuth.getPreAuth({ key: { $case: 'preauthId', value: preauthId } });
        const won = [results[0].status === 'fulfilled', results[1].status === 'fulfilled'];
        const { CAPTURED, CANCELLED, EXPIRED } = heidrun.PreAuthStatus;
        expect([CAPTURED, CANCELLED, EXPIRED]).toContain(preauth?.status);
        expect(won).toEqual([preauth?.status === CAPTURED, preauth?.status === CANCELLED]);
        return preauth?.status;
      }),
    );
    expect(outcomes).toHaveLength(25);
    expect(await walletOf(user)).toMatchObject({ pendingCents: 0n });
    await intact();
  });

  it('adopts the first result in GetPreAuth, for recovery', async () => {
    const user = await service.requester(1_000n);
    const preauthId = await hold(user);
    const first = await service.preAuth.capturePreAuth(
      captureRequest(preauthId, [{ providerId: 'p-1', ...counted(10n, 10n) }]),
    );
    const { capture } = await service.preAuth.getPreAuth({ key: { $case: 'preauthId', value: preauthId } });
    expect(capture).toEqual({ ...first, replayed: true });
  });
});

describe('CancelPreAuth', () => {
  it('releases all, answers a repetition as before and cannot undo a capture', async () => {
    const user = await service.requester(1_000n);
    const { preauthId } = await service.preAuth.preAuthorize(holdRequest(user, ['p-1']));
    const first = await service.preAuth.cancelPreAuth(cancelRequest(preauthId));
    expect(first).toMatchObject({ releasedCents: 6n, replayed: false });
    const again = await service.preAuth.cancelPreAuth({ ...cancelRequest(preauthId), idempotencyKey: 'another' });
    expect(again).toEqual({ ...first, replayed: true });
    const capture = captureRequest(preauthId, [{ providerId: 'p-1', ...counted(1n, 1n) }]);
    await expect(service.preAuth.capturePreAuth(capture)).rejects.toMatchObject({
      reason: 'ILLEGAL_TRANSITION',
      metadata: { state: 'CANCELLED' },
    });
  });
});

describe('the sweep', () => {
  it('releases what is overdue, once, on several replicas at the same time', async () => {
    const user = await service.requester(1_000n);
    const { sweepHolds } = await import('../src/preauth/sweep-holds.ts');
    const held = await Promise.all(
      Array.from({ length: 20 }, () => service.preAuth.preAuthorize(holdRequest(user, ['p-1'], { ttlSeconds: 60 }))),
    );
    const at = (seconds: number) => ({ now: () => new Date(service.clock.now().getTime() + seconds * 1_000) });
    expect(await sweepHolds({ ...sweepDeps(), clock: at(59) })).toBe(0);
    const released = await Promise.all([1, 2, 3, 4].map(() => sweepHolds({ ...sweepDeps(), clock: at(60) })));
    expect(released.reduce((sum, count) => sum + count, 0)).toBe(20);
    expect(await walletOf(user)).toMatchObject({ postedCents: 1_000n, pendingCents: 0n });
    const capture = captureRequest(held[0]?.preauthId ?? '', [{ providerId: 'p-1', ...counted(1n, 1n) }]);
    await expect(service.preAuth.capturePreAuth(capture)).rejects.toMatchObject({ reason: 'PREAUTH_EXPIRED' });
    await intact();
  });
});

const bigints = (_key: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);

function sweepDeps() {
  const none = () => undefined;
  return {
    pool: service.database.pool,
    notify: none,
    logger: service.log.logger,
    metrics: { held: none, captured: none, cancelled: none, expired: none, replayed: none, swept: none },
  };
}
