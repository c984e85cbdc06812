import { type Fault } from '@edda/faults';
import { type Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hold } from '../src/preauth/hold.ts';
import { type PreAuthBatches } from '../src/preauth/pre-auth-batches.ts';
import { sweepHolds } from '../src/preauth/sweep-holds.ts';
import { cancelItem, captureItem, holdItem, replicaOf } from './support/batch-items.ts';
import { createFragilePool } from './support/fragile-pool.ts';
import { setPrice, startHeidrun, type TestHeidrun } from './support/start-heidrun.ts';

let service: TestHeidrun;
let batches: PreAuthBatches;
const others: PreAuthBatches[] = [];
const another = (wrap?: (pool: Pool) => Pool): PreAuthBatches => {
  const replica = replicaOf(service, wrap);
  others.push(replica);
  return replica;
};
beforeAll(async () => {
  service = await startHeidrun();
  batches = replicaOf(service);
  await setPrice(service, 'p-1');
});
afterAll(async () => {
  for (const replica of [batches, ...others]) await replica.close();
  await service.close();
});

const intact = async () => {
  const { violations } = await service.ledger.verifyLedger({ maxViolations: 0 });
  expect(violations).toEqual([]);
};
const walletOf = async (userId: string) =>
  (await service.ledger.getAccount({ accountId: `wallet:net/${userId}` })).account;
const held = async (userId: string, count: number, providerId = 'p-1'): Promise<Hold[]> =>
  (await Promise.all(Array.from({ length: count }, () => batches.hold(holdItem(userId, [providerId]))))).map(
    ({ hold }) => hold,
  );
/** How many transactions wrote these holds. */
const transactionsOf = async (holds: readonly Hold[]) => {
  const { rows } = await service.database.pool.query<{ count: bigint }>(
    'SELECT count(DISTINCT xmin::text) AS count FROM holds WHERE id = ANY ($1)',
    [holds.map(({ id }) => id)],
  );
  return Number(rows[0]?.count);
};
const reasonOf = (result: PromiseSettledResult<unknown>) =>
  result.status === 'fulfilled' ? 'fulfilled' : (result.reason as Fault).reason;

describe('A batch of holds', () => {
  it('commits calls that come together in one transaction', async () => {
    const users = await Promise.all(Array.from({ length: 20 }, () => service.requester(100n)));
    const outcomes = await Promise.all(users.map((user) => batches.hold(holdItem(user, ['p-1']))));
    expect(outcomes.every(({ replayed }) => !replayed)).toBe(true);
    expect(await transactionsOf(outcomes.map(({ hold }) => hold))).toBe(1);
    await intact();
  });

  it('fails a bad call alone, with its own reason, and commits the rest', async () => {
    const [rich, poor, unverified] = [await service.requester(100n), await service.requester(5n), 'nobody'];
    const known = holdItem(rich, ['p-1']);
    await batches.hold(known);
    const again = { ...known, origin: { ...known.origin, requestHash: 'other' } };
    const results = await Promise.allSettled([
      batches.hold(holdItem(rich, ['p-1'])),
      batches.hold(holdItem(poor, ['p-1'])),
      batches.hold(holdItem(unverified, ['p-1'])),
      batches.hold(holdItem(rich, ['p-unknown'])),
      batches.hold(holdItem(rich, ['p-1'], { candidates: [{ providerId: 'p-1', priceVersion: 9n }] })),
      batches.hold(holdItem(rich, ['p-1'], { maxCostCents: 5n })),
      batches.hold(again),
      batches.hold(holdItem(rich, ['p-1'], { idempotencyKey: known.request.idempotencyKey })),
      batches.hold(holdItem(rich, ['p-1'])),
    ]);
    expect(results.map(reasonOf)).toEqual([
      'fulfilled',
      'INSUFFICIENT_FUNDS',
      'PAYMENT_METHOD_REQUIRED',
      'PROVIDER_UNKNOWN',
      'PRICE_VERSION_CHANGED',
      'MAX_COST_EXCEEDED',
      'IDEMPOTENCY_CONFLICT',
      'IDEMPOTENCY_CONFLICT',
      'fulfilled',
    ]);
    expect(await walletOf(rich)).toMatchObject({ pendingCents: 18n });
    expect(await walletOf(poor)).toMatchObject({ pendingCents: 0n });
    await intact();
  });

  it('takes several holds off one wallet in their order, never more than it has', async () => {
    const user = await service.requester(20n);
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => batches.hold(holdItem(user, ['p-1']))));
    const refused = Array.from({ length: 7 }, () => 'INSUFFICIENT_FUNDS');
    expect(results.map(reasonOf)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', ...refused]);
    expect(await walletOf(user)).toMatchObject({ pendingCents: 18n, availableCents: 2n });
  });

  it('makes one hold of repetitions within a batch', async () => {
    const item = holdItem(await service.requester(100n), ['p-1']);
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => batches.hold(item)));
    expect(outcomes.map(({ replayed }) => replayed)).toEqual([false, true, true, true, true]);
    expect(new Set(outcomes.map(({ hold }) => hold.id)).size).toBe(1);
  });

  it('makes one hold of repetitions on several replicas', async () => {
    const replicas = [batches, another(), another()];
    const user = await service.requester(10n);
    for (let round = 0; round < 10; round++) {
      const item = holdItem(user, ['p-1'], { tokens: { $case: 'inputTokens', value: 1n }, maxOutputTokens: 0n });
      const outcomes = await Promise.all(replicas.map((replica) => replica.hold(item)));
      expect(new Set(outcomes.map(({ hold }) => hold.id)).size).toBe(1);
      expect(outcomes.filter(({ replayed }) => !replayed)).toHaveLength(1);
    }
    expect(await walletOf(user)).toMatchObject({ pendingCents: 10n });
  });

  it('drops a call whose caller has gone before anything is written', async () => {
    const user = await service.requester(100n);
    const gone = new AbortController();
    const dropped = batches.hold(holdItem(user, ['p-1'], {}, gone.signal));
    const kept = batches.hold(holdItem(user, ['p-1']));
    gone.abort(new Error('the deadline passed'));
    await expect(dropped).rejects.toThrow('the deadline passed');
    await kept;
    expect(await walletOf(user)).toMatchObject({ pendingCents: 6n });
  });

  it('holds nothing for free, also for a user who never had a wallet', async () => {
    await setPrice(service, 'p-free', { priceCents: 0n });
    const user = await service.requester(0n);
    const { hold } = await batches.hold(holdItem(user, ['p-free']));
    expect(hold.heldCents).toBe(0n);
    expect(await batches.capture(captureItem(hold, [1_000n, 1_000n]))).toMatchObject({ transfers: [] });
    await intact();
  });
});

describe('A batch of captures and cancellations', () => {
  it('carries the commission from one capture to the next, exactly', async () => {
    await setPrice(service, 'p-carry');
    const holds = await held(await service.requester(1_000n), 100, 'p-carry');
    const captured = await Promise.all(holds.map((hold) => batches.capture(captureItem(hold, [1n, 0n]))));
    expect(captured.reduce((sum, one) => sum + (one?.settled.feeCents ?? 0n), 0n)).toBe(15n);
    expect(captured.map((one) => one?.settled.carryBefore).slice(0, 8)).toEqual([
      0n,
      1_500n,
      3_000n,
      4_500n,
      6_000n,
      7_500n,
      9_000n,
      500n,
    ]);
    await intact();
  });

  it('fails a bad call alone and leaves its hold open', async () => {
    const user = await service.requester(1_000n);
    const [a, b, c, d] = (await held(user, 4)) as [Hold, Hold, Hold, Hold];
    const elsewhere = { providerId: 'p-2', input: { tokens: 1n, method: 1 as const, tokenizer: '' } };
    const results = await Promise.allSettled([
      batches.capture(captureItem(a, [1_000n, 0n])),
      batches.capture(captureItem(b, [1n, 1n], { legs: [elsewhere] })),
      batches.capture(captureItem(c, [1n, 1n], { amountCents: 7n })),
      batches.cancel(cancelItem(d)),
    ]);
    expect(results.map(reasonOf)).toEqual(['fulfilled', 'PROVIDER_NOT_PINNED', 'AMOUNT_EXCEEDS_HOLD', 'fulfilled']);
    expect(await walletOf(user)).toMatchObject({ postedCents: 997n, pendingCents: 12n });
    expect(await batches.capture(captureItem(b, [1_000n, 0n]))).toMatchObject({ settled: { capturedCents: 3n } });
    await intact();
  });

  it('tries calls one by one when the database refuses one of them, and fails that one alone', async () => {
    const user = await service.requester(1_000n);
    const [first, second, third] = (await held(user, 3)) as [Hold, Hold, Hold];
    const used = captureItem(first, [1_000n, 0n]);
    await batches.capture(used);
    const results = await Promise.allSettled([
      batches.capture(captureItem(second, [1_000n, 0n], { origin: used.origin })),
      batches.capture(captureItem(third, [1_000n, 0n])),
    ]);
    expect(results).toMatchObject([
      { status: 'rejected', reason: { constraint: 'hold_resolutions_key' } },
      { status: 'fulfilled' },
    ]);
    await intact();
  });

  it('lets the first of several resolutions of a hold win', async () => {
    const user = await service.requester(1_000n);
    const [a, b] = (await held(user, 2)) as [Hold, Hold];
    const outcomes = await Promise.all([
      batches.capture(captureItem(a, [1_000n, 0n])),
      batches.cancel(cancelItem(a)),
      batches.cancel(cancelItem(b)),
      batches.capture(captureItem(b, [1_000n, 0n])),
      batches.capture(captureItem(a, [1_000n, 0n])),
    ]);
    expect(outcomes.map((outcome) => outcome !== undefined)).toEqual([true, false, true, false, false]);
    await intact();
  });

  it('touches one row of the company’s account, however many captures it books', async () => {
    const { pool } = service.database;
    const revenue = async () =>
      (
        await pool.query<{ name: string; version: string }>(
          `SELECT name, xmin::text AS version FROM accounts WHERE base = 'revenue:company'`,
        )
      ).rows;
    const holds = await held(await service.requester(10_000n), 50);
    const before = new Set((await revenue()).map(({ name, version }) => `${name}@${version}`));
    await Promise.all(holds.map((hold) => batches.capture(captureItem(hold, [1_000n, 1_000n]))));
    const changed = (await revenue()).filter(({ name, version }) => !before.has(`${name}@${version}`));
    expect(changed).toHaveLength(1);
  });

  it('has one winner for each hold among replicas that capture, cancel and sweep the same ones', async () => {
    const users = await Promise.all(Array.from({ length: 4 }, () => service.requester(1_000n)));
    const holds = (await Promise.all(users.map((user) => held(user, 25)))).flat();
    const [left, right] = [another(), another()];
    const none = () => undefined;
    const late = { now: () => new Date(service.clock.now().getTime() + 3_600_000) };
    const sweep = sweepHolds({
      pool: service.database.pool,
      clock: late,
      notify: none,
      logger: service.log.logger,
      metrics: { held: none, captured: none, cancelled: none, expired: none, replayed: none, swept: none },
    });
    const captures = holds.map((hold) => left.capture(captureItem(hold, [100n, 100n])));
    const cancels = holds.toReversed().map((hold) => right.cancel(cancelItem(hold)));
    const [captured, cancelled] = await Promise.all([Promise.all(captures), Promise.all(cancels)]);
    await sweep;
    const { rows } = await service.database.pool.query<{ id: string; kind: string }>(
      'SELECT hold_id AS id, kind FROM hold_resolutions WHERE hold_id = ANY ($1)',
      [holds.map(({ id }) => id)],
    );
    const kindOf = new Map(rows.map(({ id, kind }) => [id, kind]));
    expect(rows).toHaveLength(100);
    expect(captured.map((outcome) => outcome !== undefined)).toEqual(
      holds.map(({ id }) => kindOf.get(id) === 'CAPTURED'),
    );
    expect(cancelled.toReversed().map((outcome) => outcome !== undefined)).toEqual(
      holds.map(({ id }) => kindOf.get(id) === 'CANCELLED'),
    );
    for (const user of users) expect(await walletOf(user)).toMatchObject({ pendingCents: 0n });
    await intact();
  });
});

describe('A commit whose answer got lost', () => {
  it('is found by the repetition: one effect, the same answer', async () => {
    const user = await service.requester(100n);
    const line = createFragilePool();
    const losing = another(line.wrap);
    line.loseNextCommit();
    const item = holdItem(user, ['p-1']);
    const first = await losing.hold(item);
    expect(first.replayed).toBe(true);
    expect(await batches.hold(item)).toEqual(first);
    expect(await walletOf(user)).toMatchObject({ pendingCents: 6n });
    line.loseNextCommit();
    // The capture took effect; its repetition inside the batch finds the hold resolved.
    const capture = captureItem(first.hold, [1_000n, 0n]);
    expect(await losing.capture(capture)).toBeUndefined();
    expect(await walletOf(user)).toMatchObject({ postedCents: 97n, pendingCents: 0n });
    await intact();
  });
});
