import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quiet } from '../../test/quiet.ts';
import { scratchDatabase } from '../../test/scratch-database.ts';
import { inTransaction } from '../in-transaction.ts';
import { appendEvents } from './append-events.ts';
import { createOutboxRelay, type OutboxRelayOptions } from './create-outbox-relay.ts';
import { type OutboxEvent } from './deliver-once.ts';
import { outboxTableSql } from './outbox-table-sql.ts';
import { sweepPublished } from './sweep-published.ts';

describe('createOutboxRelay', () => {
  let db: Awaited<ReturnType<typeof scratchDatabase>>;
  let received: OutboxEvent[];
  const append = (subject: string, count: number): Promise<bigint[]> =>
    inTransaction(db.pool, (client) =>
      appendEvents(
        client,
        Array.from({ length: count }, () => ({ subject, type: 't', payload: {}, occurredAt: new Date() })),
      ),
    );
  const deliver = async (batch: readonly OutboxEvent[]): Promise<void> => void received.push(...batch);
  const relayWith = (options: Partial<OutboxRelayOptions> = {}) =>
    createOutboxRelay({ pool: db.pool, deliver, logger: quiet, pollIntervalMs: 60_000, ...options });
  const sequences = (subject: string): bigint[] => received.filter((e) => e.subject === subject).map((e) => e.sequence);

  beforeEach(async () => {
    db = await scratchDatabase(outboxTableSql, 20);
    received = [];
  });
  afterEach(() => db.drop());

  it('drains in per-subject order and marks what it delivered', async () => {
    await append('a', 3);
    await append('b', 2);
    await append('a', 1);
    const relay = relayWith({ batchSize: 2 });
    expect(await relay.pending()).toBe(6);
    expect(await relay.drainOnce()).toBe(6);
    expect(sequences('a')).toEqual([1n, 2n, 3n, 4n]);
    expect(sequences('b')).toEqual([1n, 2n]);
    expect(await relay.drainOnce()).toBe(0);
    expect(await relay.pending()).toBe(0);
  });

  it('delivers at once on notify, long before the poll', async () => {
    const relay = relayWith();
    relay.start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await append('a', 1);
    relay.notify();
    await expect.poll(() => sequences('a')).toEqual([1n]);
    await relay.stop();
  });

  it('finds events by polling when nobody notifies', async () => {
    const relay = relayWith({ pollIntervalMs: 20 });
    relay.start();
    await append('a', 1);
    await expect.poll(() => sequences('a')).toEqual([1n]);
    await relay.stop();
  });

  it('retries a failing receiver with backoff until it takes the events, in order', async () => {
    let refusals = 3;
    const waits: number[] = [];
    const relay = relayWith({
      hashPartitions: 1,
      deliver: async (batch) => {
        waits.push(performance.now());
        if (refusals-- > 0) throw new Error('receiver is down');
        await deliver(batch);
      },
      backoff: { baseMs: 20, capMs: 1_000 },
      random: () => 0.5,
    });
    await append('a', 3);
    relay.start();
    await expect.poll(() => sequences('a')).toEqual([1n, 2n, 3n]);
    await relay.stop();
    const gaps = waits.slice(1).map((at, index) => at - waits[index]!);
    [20, 40, 80].forEach((expected, index) => expect(gaps[index]).toBeGreaterThanOrEqual(expected - 2));
  });

  it('two relays on one outbox deliver each event once, each subject in order', async () => {
    const subjects = Array.from({ length: 20 }, (_, index) => `s${index}`);
    const slow = async (batch: readonly OutboxEvent[]): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      await deliver(batch);
    };
    const relays = [2, 3].map((hashPartitions) =>
      relayWith({ hashPartitions, deliver: slow, batchSize: 3, pollIntervalMs: 10 }),
    );
    for (const relay of relays) relay.start();
    for (let round = 0; round < 5; round++) await Promise.all(subjects.map((subject) => append(subject, 2)));
    await expect.poll(() => received.length).toBe(200);
    await Promise.all(relays.map((relay) => relay.stop()));
    const expected = Array.from({ length: 10 }, (_, index) => BigInt(index + 1));
    for (const subject of subjects) expect(sequences(subject)).toEqual(expected);
  });

  it('crash between deliver and mark: delivered twice, never lost, order kept', async () => {
    await append('a', 4);
    const dying = relayWith({
      hashPartitions: 1,
      batchSize: 2,
      deliver: async (batch) => {
        await deliver(batch);
        // The server ends the relay's session before it can mark, as it does for a process that died;
        // its locks are gone only once it has ended.
        await db.pool.query(
          `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
           WHERE state = 'idle in transaction' AND datname = current_database()`,
        );
      },
    });
    await expect(dying.drainOnce()).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await relayWith({ batchSize: 2 }).drainOnce()).toBe(4);
    expect(sequences('a')).toEqual([1n, 2n, 1n, 2n, 3n, 4n]);
  });

  it('gives up a delivery that hangs, and repeats it', async () => {
    let hang = true;
    const relay = relayWith({
      deliverTimeoutMs: 50,
      backoff: { baseMs: 1, capMs: 1 },
      deliver: (batch) => {
        if (!hang) return deliver(batch);
        hang = false;
        return new Promise(() => undefined);
      },
    });
    await append('a', 1);
    relay.start();
    await expect.poll(() => sequences('a')).toEqual([1n]);
    await relay.stop();
  });

  it('refuses intake from its own count while full', async () => {
    const relay = relayWith({ maxPending: 3, pollIntervalMs: 10, deliver: () => Promise.reject(new Error('down')) });
    relay.start();
    expect(() => relay.assertCapacity()).not.toThrow();
    await append('a', 3);
    await expect.poll(() => tryIt(() => relay.assertCapacity())).toMatchObject({ reason: 'OUTBOX_FULL' });
    await relay.stop();
  });

  it('deletes delivered events after their retention, waiting ones never', async () => {
    await append('a', 2);
    await relayWith().drainOnce();
    await append('a', 1);
    expect(await sweepPublished(db.pool, new Date(Date.now() - 60_000))).toBe(0);
    expect(await sweepPublished(db.pool, new Date(Date.now() + 60_000))).toBe(2);
    expect((await db.pool.query('SELECT sequence FROM outbox_events')).rows).toEqual([{ sequence: 3n }]);
  });
});

function tryIt(fn: () => void): unknown {
  try {
    return fn();
  } catch (error) {
    return error;
  }
}
