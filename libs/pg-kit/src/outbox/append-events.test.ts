import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchDatabase } from '../../test/scratch-database.ts';
import { inTransaction } from '../in-transaction.ts';
import { appendEvents, type NewEvent } from './append-events.ts';
import { assertOutboxCapacity } from './outbox-capacity.ts';
import { outboxTableSql } from './outbox-table-sql.ts';

const event = (subject: string, n = 0): NewEvent => ({
  subject,
  type: 'test.happened',
  payload: { n, amountCents: 12n },
  requestId: 'r',
  occurredAt: new Date('2026-01-01T00:00:00Z'),
});

describe('appendEvents', () => {
  let db: Awaited<ReturnType<typeof scratchDatabase>>;
  beforeAll(async () => {
    db = await scratchDatabase(outboxTableSql);
  });
  afterAll(() => db.drop());

  it('numbers each subject from 1, in the order given', async () => {
    const sequences = await inTransaction(db.pool, (client) =>
      appendEvents(client, [event('b', 1), event('a', 2), event('b', 3)]),
    );
    expect(sequences).toEqual([1n, 1n, 2n]);
    const { rows } = await db.pool.query('SELECT subject, sequence, payload FROM outbox_events ORDER BY id');
    expect(rows).toEqual([
      { subject: 'b', sequence: 1n, payload: { n: 1, amountCents: 12 } },
      { subject: 'a', sequence: 1n, payload: { n: 2, amountCents: 12 } },
      { subject: 'b', sequence: 2n, payload: { n: 3, amountCents: 12 } },
    ]);
  });

  it('leaves no gap after a rollback', async () => {
    const rolledBack = inTransaction(db.pool, async (client) => {
      await appendEvents(client, [event('gap'), event('gap')]);
      throw new Error('no');
    });
    await expect(rolledBack).rejects.toThrow('no');
    expect(await inTransaction(db.pool, (client) => appendEvents(client, [event('gap')]))).toEqual([1n]);
  });

  it('events, a sequence per subject: stays gapless and free of deadlocks under concurrency', async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => {
        const subjects = i % 2 === 0 ? ['x', 'y', 'z'] : ['z', 'y', 'x'];
        return inTransaction(
          db.pool,
          (client) =>
            appendEvents(
              client,
              subjects.map((s) => event(s, i)),
            ),
          { maxRetries: 0 },
        );
      }),
    );
    const { rows } = await db.pool.query(
      `SELECT subject, max(sequence) AS last, count(*) AS events FROM outbox_events
       WHERE subject IN ('x', 'y', 'z') GROUP BY subject ORDER BY subject`,
    );
    expect(rows).toEqual(['x', 'y', 'z'].map((subject) => ({ subject, last: 40n, events: 40n })));
  });

  it('refuses an amount that JSON would round', async () => {
    const tooBig = { ...event('big'), payload: { amountCents: 2n ** 53n } };
    await expect(inTransaction(db.pool, (client) => appendEvents(client, [tooBig]))).rejects.toMatchObject({
      violations: [{ field: 'amountCents' }],
    });
  });

  it('a full outbox slows intake, never drops', async () => {
    const { rows } = await db.pool.query<{ n: bigint }>('SELECT count(*) AS n FROM outbox_events');
    const pending = Number(rows[0]!.n);
    await expect(assertOutboxCapacity(db.pool, pending)).rejects.toMatchObject({
      kind: 'exhausted',
      reason: 'OUTBOX_FULL',
    });
    await expect(assertOutboxCapacity(db.pool, pending + 1)).resolves.toBeUndefined();
  });
});
