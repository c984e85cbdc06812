import { eikthyrnir } from '@edda/contracts';
import { type TestDatabase, waitFor } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { databases, observed, startService } from './support/start-service.ts';

const { PROVIDER_FAULT, OFFLINE } = eikthyrnir.ObservationOutcome;
const { SNAPSHOT, NEW, FAILURE_STREAK, UNSPECIFIED, OFFLINE: WENT_OFFLINE } = eikthyrnir.QualityChange;
type Running = Awaited<ReturnType<typeof startService>>;
const watch = { batchMs: 2_000, pollMs: 50, signOfLifeSeconds: 1 };
let db: TestDatabase;
let one: Running;
let two: Running;
let keys = 0;

beforeAll(async () => {
  db = await databases.create();
  [one, two] = await Promise.all([startService(db.url, { watch }), startService(db.url, { watch })]);
});
afterAll(async () => {
  await Promise.all([one.close(), two.close()]);
  await databases.dropAll();
});

const record = (replica: Running, ...given: Parameters<typeof observed>) =>
  replica
    .client('service', 'njordr')
    .recordObservations({ idempotencyKey: `w-${keys++}`, observations: [observed(...given)] });

/** Collects what a watcher gets, until the test ends. */
function follow(replica: Running, request: Partial<eikthyrnir.WatchQualityRequest>) {
  const stop = new AbortController();
  const got: eikthyrnir.WatchQualityResponse[] = [];
  const ended = (async () => {
    const stream = replica
      .client('service')
      .watchQuality(eikthyrnir.WatchQualityRequest.fromPartial(request), { signal: stop.signal, deadlineMs: Infinity });
    for await (const response of stream) got.push(response);
  })();
  ended.catch(() => undefined);
  onTestFinished(() => stop.abort());
  const updates = () => got.flatMap((response) => response.updates);
  const ready = waitFor(() => got.some((response) => response.snapshotComplete));
  return { got, updates, ready, ended, stop };
}

// Two replicas stand beside each other only with Redis.
describe.skipIf(inject('redisUrl') === '')('WatchQuality', () => {
  it('sends the state at the start, then changes, important ones at once though another replica made them', async () => {
    await record(one, { providerId: 'w-1' });
    const watcher = follow(two, { includeSnapshot: true, providerIds: ['w-1'] });
    await watcher.ready;
    expect(watcher.updates()).toMatchObject([{ change: SNAPSHOT, quality: { providerId: 'w-1', version: 1n } }]);
    for (let i = 0; i < 3; i++) await record(one, { providerId: 'w-1', outcome: PROVIDER_FAULT });
    const startedAt = performance.now();
    const streak = await waitFor(() => watcher.updates().find(({ change }) => change === FAILURE_STREAK));
    expect(performance.now() - startedAt).toBeLessThan(1_800);
    expect(streak.quality).toMatchObject({ failureStreak: 3, version: 4n });
    await record(one, { providerId: 'w-1', model: '', outcome: OFFLINE });
    await waitFor(() => watcher.updates().some(({ change }) => change === WENT_OFFLINE));
    await record(one, { providerId: 'elsewhere' });
    await waitFor(() => watcher.got.at(-1)?.updates.length === 0);
    expect(watcher.updates().every(({ quality }) => quality?.providerId === 'w-1')).toBe(true);
  });

  it('batches what is not important', async () => {
    for (let i = 0; i < 30; i++) await record(one, { providerId: 'w-2' });
    const watcher = follow(one, { providerIds: ['w-2'] });
    await watcher.ready;
    for (let i = 0; i < 5; i++) await record(one, { providerId: 'w-2' });
    await waitFor(() => watcher.updates().length > 0);
    expect(watcher.updates()).toMatchObject([{ change: UNSPECIFIED, quality: { version: 35n } }]);
  });

  it('resumes from a cursor on another replica without missing a change', async () => {
    const first = follow(one, { providerIds: ['w-3', 'w-4'] });
    await first.ready;
    await record(one, { providerId: 'w-3' });
    await waitFor(() => first.updates().some(({ change }) => change === NEW));
    first.stop.abort();
    await record(one, { providerId: 'w-4' });
    const cursor = first.got.at(-1)?.cursor ?? '';
    const second = follow(two, { providerIds: ['w-3', 'w-4'], cursor });
    await second.ready;
    expect(second.updates().map(({ quality }) => quality?.providerId)).toContain('w-4');
  });

  it('sees a change that commits long after later ones', async () => {
    const watcher = follow(two, { providerIds: ['w-5', 'w-6'] });
    await watcher.ready;
    const late = await db.pool.connect();
    await late.query('BEGIN');
    await late.query(
      `INSERT INTO qualities (provider_id, model, version, changed_xid)
       VALUES ('w-5', 'm', 1, pg_current_xact_id()::text::bigint)`,
    );
    await record(one, { providerId: 'w-6' });
    await waitFor(() => watcher.updates().some(({ quality }) => quality?.providerId === 'w-6'));
    await late.query('COMMIT');
    late.release();
    await waitFor(() => watcher.updates().some(({ quality }) => quality?.providerId === 'w-5'));
    expect(watcher.updates().filter(({ quality }) => quality?.providerId === 'w-6')).toHaveLength(1);
  });

  it('gives signs of life, refuses foreign cursors and users', async () => {
    const watcher = follow(one, { providerIds: ['w-7'] });
    await waitFor(() => watcher.got.length >= 2);
    await expect(follow(one, { cursor: 'x' }).ended).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
    await expect(follow(one, { cursor: '9'.repeat(18) }).ended).rejects.toMatchObject({ reason: 'CURSOR_EXPIRED' });
    const asUser = one.client('user').watchQuality(eikthyrnir.WatchQualityRequest.fromPartial({}));
    await expect(asUser[Symbol.asyncIterator]().next()).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });

  it('ends with DRAINING when the service closes', async () => {
    const third = await startService(db.url, { watch });
    const watcher = follow(third, {});
    await watcher.ready;
    await third.service.close();
    await expect(watcher.ended).rejects.toMatchObject({ reason: 'DRAINING' });
  });
});
