import { advisoryLocks } from '@edda/pg-kit';
import { type TestDatabase } from '@edda/testing';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { auditDatabases } from '../test/audit-database.ts';
import { append, recordOf, verify } from '../test/sealed-log.ts';
import { appendAudit } from './append-audit.ts';
import { sealBatch } from './seal-batch.ts';

describe('sealBatch', () => {
  const databases = auditDatabases('audit_seal');
  let db: TestDatabase;
  beforeEach(async () => {
    db = await databases.create();
  });
  afterAll(() => databases.dropAll());

  const sequences = async () =>
    (await db.pool.query<{ sequence: bigint; subject: string }>('SELECT * FROM audit_records ORDER BY sequence')).rows;

  it('chains records in the order of their ids, without gaps, a batch at a time', async () => {
    await append(db.pool, 1, 5);
    expect(await sealBatch(db.pool, { batchSize: 3 })).toEqual({ count: 3, busy: false });
    expect(await sealBatch(db.pool, { batchSize: 3 })).toEqual({ count: 2, busy: false });
    expect(await sealBatch(db.pool, { batchSize: 3 })).toEqual({ count: 0, busy: false });
    const rows = await sequences();
    expect(rows.map(({ sequence }) => sequence)).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect(rows.map(({ subject }) => subject)).toEqual([1, 2, 3, 4, 5].map((n) => recordOf(n).subject));
    expect(await verify(db.pool)).toMatchObject({
      intact: true,
      checkedCount: 5n,
      headSequence: 5n,
      unsealedCount: 0n,
    });
  });

  it('a record that commits late, with a lower id, is sealed all the same', async () => {
    const late = await db.pool.connect();
    await late.query('BEGIN');
    await appendAudit(late, [recordOf(1)]);
    await append(db.pool, 2, 3);
    await sealBatch(db.pool, { batchSize: 10 });
    await late.query('COMMIT');
    late.release();
    await sealBatch(db.pool, { batchSize: 10 });
    const rows = await sequences();
    expect(rows.map(({ subject }) => subject)).toEqual(['preauth:2', 'preauth:3', 'preauth:1']);
    expect(await verify(db.pool)).toMatchObject({ intact: true, checkedCount: 3n });
  });

  it('many sealers and writers at once: every record once, one unbroken chain', async () => {
    const writers = Array.from({ length: 20 }, (_, n) => append(db.pool, n * 10 + 1, n * 10 + 10));
    const sealers = Array.from({ length: 6 }, async () => {
      for (let round = 0; round < 10; round++) await sealBatch(db.pool, { batchSize: 7 });
    });
    await Promise.all([...writers, ...sealers]);
    while ((await sealBatch(db.pool, { batchSize: 50, wait: true })).count > 0);
    expect(new Set((await sequences()).map(({ subject }) => subject)).size).toBe(200);
    expect(await verify(db.pool)).toMatchObject({ intact: true, checkedCount: 200n, headSequence: 200n });
  });

  it('leaves the work to a sealer that is at it, or waits for it when asked to', async () => {
    await append(db.pool, 1, 1);
    const other = await db.pool.connect();
    await other.query('BEGIN');
    await other.query('SELECT pg_advisory_xact_lock($1)', [advisoryLocks.auditSealer]);
    expect(await sealBatch(db.pool, { batchSize: 10 })).toEqual({ count: 0, busy: true });
    const waiting = sealBatch(db.pool, { batchSize: 10, wait: true });
    await other.query('COMMIT');
    other.release();
    expect(await waiting).toEqual({ count: 1, busy: false });
  });

  it.each([
    ['UPDATE audit_records SET actor = actor'],
    ['DELETE FROM audit_records'],
    ['TRUNCATE audit_records'],
    ['DELETE FROM audit_intake'],
  ])('the database refuses: %s', async (sql) => {
    await append(db.pool, 1, 1);
    await sealBatch(db.pool, { batchSize: 1 });
    await expect(db.pool.query(sql)).rejects.toThrow('audit records are never changed');
  });
});
