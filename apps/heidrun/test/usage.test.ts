import { randomUUID } from 'node:crypto';
import { common, heidrun } from '@edda/contracts';
import { audited } from '@edda/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rollUsage } from '../src/tokens/roll-usage.ts';
import {
  type Caller,
  captureRequest,
  counted,
  holdRequest,
  setPrice,
  startHeidrun,
  type TestHeidrun,
} from './support/start-heidrun.ts';

const { TimeBucket } = common;
const anna: Caller = { subject: 'anna', roles: ['user'] };
const service: Caller = { subject: 'yggdrasil', networkId: 'edda', roles: ['service'] };

let heidrunService: TestHeidrun;
const h = () => heidrunService;
beforeAll(async () => {
  // Rolling is the tests' own doing.
  heidrunService = await startHeidrun({ settings: { tokens: { rollIntervalMs: 3_600_000 } } });
});
afterAll(() => heidrunService.close());

const tokensOf = (caller: Caller) => h().client(heidrun.TokenServiceService, caller);
const trackRequest = (more: Partial<heidrun.TrackTokensRequest> = {}): heidrun.TrackTokensRequest => ({
  idempotencyKey: randomUUID(),
  requestId: `request-${randomUUID()}`,
  providerId: 'p-usage',
  userId: 'anna',
  networkId: 'net',
  model: 'gpt-4o',
  inputTokens: 10n,
  outputTokens: 5n,
  occurredAt: undefined,
  ...more,
});
/** Up to and including now, unless said otherwise. */
const ask = (caller: Caller, more: Parameters<typeof heidrun.AggregateTokensRequest.fromPartial>[0] = {}) =>
  tokensOf(caller).aggregateTokens(
    heidrun.AggregateTokensRequest.fromPartial({ to: new Date(h().clock.now().getTime() + 1), ...more }),
  );

describe('TrackTokens', () => {
  it('records once per key, with an event and an audit record, and answers a repetition with the first record', async () => {
    const request = trackRequest({ userId: 'track-once' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => tokensOf(service).trackTokens(request)));
    expect(new Set(answers.map(({ record }) => record?.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(answers[0]?.record).toMatchObject({ totalTokens: 15n, requestId: request.requestId, userId: 'track-once' });
    const { total } = await ask(service, { userId: 'track-once' });
    expect(total).toMatchObject({ requests: 1n, totalTokens: 15n });
    const id = `usage:${answers[0]?.record?.id}`;
    const events = await h().database.pool.query('SELECT 1 FROM outbox_events WHERE subject = $1', [id]);
    expect(events.rowCount).toBe(1);
    expect((await audited(h().database.pool)).filter(({ subject }) => subject === id)).toHaveLength(1);
  });

  it.each([
    ['a negative count', { inputTokens: -1n }, 'TOKEN_COUNT_OUT_OF_RANGE', 'input_tokens'],
    ['more than 10^12', { outputTokens: 10n ** 12n + 1n }, 'TOKEN_COUNT_OUT_OF_RANGE', 'output_tokens'],
    ['no user', { userId: '' }, 'INVALID_INPUT', 'user_id'],
    ['no tenant', { networkId: '' }, 'INVALID_INPUT', 'network_id'],
    ['NUL in a name', { model: 'a\0b' }, 'INVALID_INPUT', 'model'],
    ['yesterday and before', { occurredAt: new Date(Date.now() - 90_000_000) }, 'INVALID_INPUT', 'occurred_at'],
    ['tomorrow', { occurredAt: new Date(Date.now() + 90_000_000) }, 'INVALID_INPUT', 'occurred_at'],
  ] as const)('refuses %s', async (_, wrong, reason, field) => {
    await expect(tokensOf(service).trackTokens(trackRequest(wrong))).rejects.toMatchObject({
      reason,
      violations: [{ field }],
    });
  });

  it('refuses the same key with other content, and users altogether', async () => {
    const request = trackRequest();
    await tokensOf(service).trackTokens(request);
    await expect(tokensOf(service).trackTokens({ ...request, outputTokens: 6n })).rejects.toMatchObject({
      reason: 'IDEMPOTENCY_CONFLICT',
    });
    await expect(tokensOf(anna).trackTokens(trackRequest())).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });
});

describe('AggregateTokens', () => {
  it('counts what a capture delivered, in the capture itself', async () => {
    const requester = await h().requester(10_000n);
    await setPrice(h(), 'p-captured');
    const { preauthId } = await h().preAuth.preAuthorize(holdRequest(requester, ['p-captured']));
    const legs = [{ providerId: 'p-captured', ...counted(100n, 40n) }];
    await h().preAuth.capturePreAuth(captureRequest(preauthId, legs));
    const { total } = await ask({ subject: requester, roles: ['user'] });
    expect(total).toMatchObject({ requests: 1n, inputTokens: 100n, outputTokens: 40n, totalTokens: 140n });
  });

  it('equals the records themselves, folded or not, with percentiles within 1 %', async () => {
    const now = h().clock.now().getTime();
    const record = fc.record({
      inputTokens: fc.oneof(fc.constant(0n), fc.bigInt(0n, 2_000n), fc.bigInt(0n, 10n ** 12n)),
      outputTokens: fc.oneof(fc.constant(0n), fc.bigInt(0n, 2_000n), fc.bigInt(0n, 10n ** 12n)),
      ageMs: fc.integer({ min: 1, max: 5 * 3_600_000 }),
    });
    const property = fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 3 }),
      fc.integer({ min: 0, max: 5 * 3_600_000 }),
      async (records, folds, ageMs) => {
        const userId = `user-${randomUUID()}`;
        await insert(userId, records, now);
        for (const size of folds) await rollUsage(h().database.pool, size);
        const from = new Date(now - ageMs);
        const expected = records.filter((one) => one.ageMs <= ageMs).map((one) => one.inputTokens + one.outputTokens);
        const { rows, total } = await ask(service, { userId, from, to: new Date(now + 1), bucket: TimeBucket.HOUR });
        if (expected.length === 0) {
          expect(total).toBeUndefined();
          return;
        }
        expected.sort((a, b) => (a < b ? -1 : 1));
        const sum = expected.reduce((a, b) => a + b, 0n);
        expect(total).toMatchObject({
          ...{ requests: BigInt(expected.length), totalTokens: sum },
          ...{ minTokens: expected[0], maxTokens: expected.at(-1) },
          averageTokens: Number(sum) / expected.length,
        });
        expect(rows.reduce((a, row) => a + row.totalTokens, 0n)).toBe(sum);
        for (const [figure, rank] of [
          ['p50Tokens', 0.5],
          ['p95Tokens', 0.95],
        ] as const) {
          const exact = Number(expected[Math.max(0, Math.ceil(rank * expected.length) - 1)]);
          expect(Math.abs((total?.[figure] ?? NaN) - exact)).toBeLessThanOrEqual(exact * 0.01);
        }
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  it('folds each record once though replicas fold at the same time', async () => {
    const userId = `user-${randomUUID()}`;
    const records = Array.from({ length: 300 }, (_, i) => ({
      ...{ inputTokens: BigInt(i), outputTokens: 1n, ageMs: 1 + (i % 7) * 1_800_000 },
    }));
    await insert(userId, records, h().clock.now().getTime());
    await Promise.all(Array.from({ length: 4 }, () => rollUsage(h().database.pool, 10)));
    await rollUsage(h().database.pool);
    const { rows } = await h().database.pool.query<{ requests: string; left: bigint }>(
      `SELECT (SELECT sum(requests) FROM usage_rollups WHERE user_id = $1) AS requests,
         (SELECT count(*) FROM usage_records WHERE user_id = $1 AND NOT rolled) AS left`,
      [userId],
    );
    expect(rows).toEqual([{ requests: '300', left: 0n }]);
  });

  it('shows users their own requests and owners what their providers served, and nobody else', async () => {
    await setPrice(h(), 'p-owned', { ownerId: 'olaf' });
    for (const userId of ['anna', 'bert']) {
      await tokensOf(service).trackTokens(trackRequest({ providerId: 'p-owned', userId, networkId: 'net' }));
    }
    const requests = async (caller: Caller, more: Parameters<typeof ask>[1] = {}) =>
      (await ask(caller, { providerId: 'p-owned', ...more })).total?.requests;
    expect(await requests({ subject: 'olaf', roles: ['provider'] })).toBe(2n);
    expect(await requests({ subject: 'olaf', roles: ['provider'] }, { userId: 'bert' })).toBe(1n);
    expect(await requests(anna, { userId: 'anna' })).toBe(1n);
    await expect(requests(anna)).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    await expect(requests({ subject: 'olaf', networkId: 'elsewhere', roles: ['provider'] })).rejects.toMatchObject({
      reason: 'NOT_FOUND',
    });
    expect((await ask(anna, { userId: 'bert' })).total).toBeUndefined();
  });

  it.each([
    ['a span that ends before it begins', { from: new Date(2_000), to: new Date(1_000) }, 'to'],
    ['more than 10,000 buckets', { from: new Date(0), to: new Date(), bucket: TimeBucket.HOUR }, 'from'],
    ['an unknown bucket', { bucket: 9 as common.TimeBucket }, 'bucket'],
  ])('refuses %s', async (_, request, field) => {
    await expect(ask(anna, request)).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations: [{ field }] });
  });
});

async function insert(
  userId: string,
  records: readonly { inputTokens: bigint; outputTokens: bigint; ageMs: number }[],
  now: number,
): Promise<void> {
  await h().database.pool.query(
    `INSERT INTO usage_records (id, request_id, network_id, user_id, provider_id, model, input_tokens, output_tokens,
       occurred_at)
     SELECT gen_random_uuid(), 'r', 'net', $1, 'p', 'm', i, o, at FROM unnest($2::bigint[], $3::bigint[], $4::timestamptz[])
       AS t (i, o, at)`,
    [
      userId,
      records.map((one) => one.inputTokens),
      records.map((one) => one.outputTokens),
      records.map((one) => new Date(now - one.ageMs)),
    ],
  );
}
