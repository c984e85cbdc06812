import { eikthyrnir } from '@edda/contracts';
import { type TestDatabase } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { figuresAt } from '../src/quality/figures.ts';
import { emptyAggregate, observe } from '../src/quality/aggregate.ts';
import { sweepObservations } from '../src/observations/retention-sweep.ts';
import { databases, observed, startService } from './support/start-service.ts';

const { PROVIDER_FAULT, ONLINE, OFFLINE, BAD_REQUEST } = eikthyrnir.ObservationOutcome;
const hour = 3_600_000;
let db: TestDatabase;
let running: Awaited<ReturnType<typeof startService>>;
let keys = 0;

beforeAll(async () => {
  db = await databases.create();
  running = await startService(db.url);
});
afterAll(async () => {
  await running.close();
  await databases.dropAll();
});

const njordr = () => running.client('service', 'njordr');
const batch = (observations: eikthyrnir.Observation[], idempotencyKey = `k-${keys++}`) => ({
  idempotencyKey,
  observations,
});
const qualityOf = async (providerId: string, model = 'm-1') =>
  (await njordr().getQuality({ providerId, model })).qualities[0];

describe('RecordObservations', () => {
  it('100 identical batches in parallel, with and without the same key, have one effect', async () => {
    const observations = Array.from({ length: 20 }, () => observed({ providerId: 'p-par' }));
    const client = njordr();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        client.recordObservations(batch(observations, i % 2 ? 'same' : `other-${i}`)),
      ),
    );
    expect(answers.filter(({ accepted }) => accepted === 20n).length).toBeGreaterThan(0);
    expect((await qualityOf('p-par'))?.effectiveCount).toBeCloseTo(20, 2);
    const { rows } = await db.pool.query(`SELECT count(*) FROM observations WHERE provider_id = 'p-par'`);
    expect(rows).toEqual([{ count: 20n }]);
  });

  it('overlapping batches on the same providers, in parallel and any order, lose nothing', async () => {
    const all = Array.from({ length: 200 }, (_, i) =>
      observed({
        providerId: `p-mix-${i % 3}`,
        model: i % 10 === 0 ? '' : `m-${i % 2}`,
        outcome: i % 10 === 0 ? ONLINE : 1,
      }),
    );
    const client = njordr();
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => {
        const part = all.filter((_o, index) => (index + i) % 4 < 2);
        return client.recordObservations(batch(i % 2 ? part.toReversed() : part));
      }),
    );
    const { qualities } = await client.batchGetQuality({
      keys: [0, 1, 2].map((i) => ({ providerId: `p-mix-${i}`, model: '' })),
    });
    const sum = qualities.reduce((total, quality) => total + quality.effectiveCount, 0);
    expect(sum).toBeCloseTo(180, 1);
  });

  it('late and out-of-order observations give the figures of the rules, from the raw rows', async () => {
    const raw = Array.from({ length: 30 }, (_, i) =>
      observed({
        providerId: 'p-late',
        occurredAt: new Date(Date.now() - ((i * 37) % 160) * hour),
        outcome: i % 4 === 0 ? PROVIDER_FAULT : 1,
        ttftMs: 100 + i,
      }),
    );
    for (const observation of raw) await njordr().recordObservations(batch([observation]));
    const weighing = { halfLifeMs: 24 * hour, priorCount: 5 };
    const aggregate = raw.toReversed().reduce((a, o) => observe(a, o, weighing.halfLifeMs), emptyAggregate);
    const expected = figuresAt(aggregate, emptyAggregate, Date.now(), weighing);
    const stored = await qualityOf('p-late');
    expect(stored?.reliability?.mean).toBeCloseTo(expected.reliability.mean, 5);
    expect(stored?.reliability?.lowerBound).toBeCloseTo(expected.reliability.lowerBound, 5);
    expect(stored?.ttftMeanMs).toBeCloseTo(expected.ttftMeanMs ?? 0, 5);
    expect(stored?.failureStreak).toBe(expected.failureStreak);
    expect(stored?.version).toBe(30n);
  });

  it('counts repeated ids as duplicates; a repeated call gets its first answer, other content a conflict', async () => {
    const observation = observed({ providerId: 'p-dup' });
    const first = await njordr().recordObservations(batch([observation, observation], 'dup'));
    expect(first).toEqual({ accepted: 1n, duplicates: 1n });
    expect(await njordr().recordObservations(batch([observation, observation], 'dup'))).toEqual(first);
    expect(await njordr().recordObservations(batch([observation]))).toEqual({ accepted: 0n, duplicates: 1n });
    expect((await qualityOf('p-dup'))?.version).toBe(1n);
    await expect(njordr().recordObservations(batch([observed()], 'dup'))).rejects.toMatchObject({
      reason: 'IDEMPOTENCY_CONFLICT',
    });
  });

  it('a bad request is kept and tells nothing; presence counts for each model', async () => {
    await njordr().recordObservations(batch([observed({ providerId: 'p-pres', outcome: BAD_REQUEST })]));
    expect(await qualityOf('p-pres')).toMatchObject({ version: 0n, effectiveCount: 0, reliability: { mean: 0.5 } });
    await njordr().recordObservations(batch([observed({ providerId: 'p-pres' })]));
    const before = (await qualityOf('p-pres'))?.availability?.mean ?? 0;
    await njordr().recordObservations(batch([observed({ providerId: 'p-pres', model: '', outcome: OFFLINE })]));
    const after = await qualityOf('p-pres');
    expect(after?.availability?.mean).toBeLessThan(before);
    expect(after?.version).toBe(2n);
  });

  it.each([
    ['observation_id', { observationId: '' }],
    ['observation_id', { observationId: 'x'.repeat(65) }],
    ['provider_id', { providerId: 'nul\0' }],
    ['model', { model: '' }],
    ['model', { outcome: ONLINE }],
    ['occurred_at', { occurredAt: undefined }],
    ['outcome', { outcome: 0 as const }],
    ['outcome', { outcome: 99 as 1 }],
    ['ttft_ms', { ttftMs: -1 }],
    ['duration_ms', { durationMs: -1n }],
    ['output_tokens', { outputTokens: 10n ** 12n + 1n }],
    ['tokens_per_second_milli', { tokensPerSecondMilli: -1n }],
    ['checks.repetition_ratio', { checks: { repetitionRatio: 1.5 } }],
    ['checks.known_answer_score', { checks: { knownAnswerScore: NaN } }],
  ])('refuses a bad %s by name and takes nothing: %#', async (field, bad) => {
    const good = observed({ providerId: 'p-bad' });
    const refusal = njordr().recordObservations(batch([good, observed({ providerId: 'p-bad', ...bad })]));
    await expect(refusal).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      violations: [{ field: `observations.1.${field}` }],
    });
    expect((await qualityOf('p-bad'))?.version).toBe(0n);
  });

  it('refuses an empty batch, one too large, one without a key', async () => {
    await expect(njordr().recordObservations(batch([]))).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
    const many = Array.from({ length: 1_001 }, () => observed());
    await expect(njordr().recordObservations(batch(many))).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
    await expect(njordr().recordObservations(batch([observed()], ''))).rejects.toMatchObject({
      violations: [{ field: 'idempotency_key' }],
    });
  });

  it('refuses observations too old or ahead, naming each, and takes none of the batch', async () => {
    const old = observed({ providerId: 'p-time', occurredAt: new Date(Date.now() - 169 * hour) });
    const ahead = observed({ providerId: 'p-time', occurredAt: new Date(Date.now() + 310_000) });
    const good = observed({ providerId: 'p-time' });
    await expect(njordr().recordObservations(batch([good, old, old]))).rejects.toMatchObject({
      reason: 'OBSERVATION_TOO_OLD',
      domain: 'eikthyrnir.edda',
      violations: [{ field: 'observations.1.occurred_at' }, { field: 'observations.2.occurred_at' }],
    });
    await expect(njordr().recordObservations(batch([good, ahead]))).rejects.toMatchObject({
      reason: 'OBSERVATION_IN_FUTURE',
      violations: [{ field: 'observations.1.occurred_at' }],
    });
    expect((await qualityOf('p-time'))?.version).toBe(0n);
  });

  it.each(['user', 'provider', 'admin'] as const)('is not open to role %s', async (role) => {
    await expect(running.client(role).recordObservations(batch([observed()]))).rejects.toMatchObject({
      reason: 'ROLE_FORBIDDEN',
    });
  });
});

describe('StreamObservations', () => {
  it('takes batch after batch; what was taken stays taken when the stream breaks', async () => {
    const batches = (last: eikthyrnir.Observation) =>
      (async function* () {
        for (let i = 0; i < 50; i++) {
          yield { observations: Array.from({ length: 10 }, () => observed({ providerId: 'p-stream' })) };
        }
        yield { observations: [last] };
      })();
    expect(await njordr().streamObservations(batches(observed({ providerId: 'p-stream' })))).toEqual({
      accepted: 501n,
      duplicates: 0n,
    });
    await expect(njordr().streamObservations(batches(observed({ providerId: '' })))).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
    });
    expect((await qualityOf('p-stream'))?.effectiveCount).toBeCloseTo(1_001, -1);
  });
});

describe('reading', () => {
  it('gives the prior for the unknown, each model for a provider, batches in the order of their keys', async () => {
    await njordr().recordObservations(batch(['a', 'b'].map((model) => observed({ providerId: 'p-two', model }))));
    const user = running.client('user');
    expect((await user.getQuality({ providerId: 'p-two', model: '' })).qualities.map((q) => q.model)).toEqual([
      'a',
      'b',
    ]);
    const { qualities } = await user.batchGetQuality({
      keys: [
        { providerId: 'p-none', model: 'z' },
        { providerId: 'p-two', model: 'b' },
        { providerId: 'p-two', model: '' },
      ],
    });
    expect(qualities.map((q) => `${q.providerId}/${q.model}/${q.version}`)).toEqual([
      'p-none/z/0',
      'p-two/b/1',
      'p-two/a/1',
      'p-two/b/1',
    ]);
    expect(qualities[0]?.responseQuality?.lowerBound).toBeCloseTo(0.2764, 4);
  });

  it('refuses an empty provider, no keys and more than 1,000', async () => {
    const user = running.client('user');
    const tooMany = Array.from({ length: 1_001 }, () => ({ providerId: 'p', model: '' }));
    await expect(user.getQuality({ providerId: '', model: '' })).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
    await expect(user.batchGetQuality({ keys: [] })).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
    await expect(user.batchGetQuality({ keys: tooMany })).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
  });

  it('SubmitFeedback and RunProbe answer UNIMPLEMENTED', async () => {
    await expect(
      running.client('user').submitFeedback(eikthyrnir.SubmitFeedbackRequest.fromPartial({})),
    ).rejects.toMatchObject({ reason: 'UNIMPLEMENTED' });
    await expect(running.client('admin').runProbe(eikthyrnir.RunProbeRequest.fromPartial({}))).rejects.toMatchObject({
      reason: 'UNIMPLEMENTED',
    });
  });
});

describe('the stored observations', () => {
  it('are append-only but for the retention sweep', async () => {
    await expect(db.pool.query('UPDATE observations SET attempt = 2')).rejects.toThrow('append-only');
    await expect(db.pool.query('DELETE FROM observations')).rejects.toThrow('append-only');
    const before = new Date(Date.now() - 100 * hour);
    const { rows } = await db.pool.query<{ count: bigint }>(
      'SELECT count(*) FROM observations WHERE occurred_at < $1',
      [before],
    );
    expect(BigInt(await sweepObservations(db.pool, before))).toBe(rows[0]?.count);
    expect(await sweepObservations(db.pool, before)).toBe(0);
  });

  it('and the figures survive a restart on the same data', async () => {
    const before = await qualityOf('p-dup');
    await running.close();
    running = await startService(db.url);
    const after = await qualityOf('p-dup');
    expect(after?.version).toBe(before?.version);
    expect(after?.reliability?.mean).toBeCloseTo(before?.reliability?.mean ?? 0, 4);
  });
});
