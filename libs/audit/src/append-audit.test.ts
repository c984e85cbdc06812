import { createHash } from 'node:crypto';
import { inTransaction } from '@edda/pg-kit';
import { type TestDatabase } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditDatabases } from '../test/audit-database.ts';
import { appendAudit, auditArrays, auditInsertSql, MAX_DETAILS_BYTES } from './append-audit.ts';
import { type NewAuditRecord } from './new-audit-record.ts';

const record: NewAuditRecord = {
  occurredAt: new Date('2026-03-01T12:00:00.123Z'),
  actor: 'njordr',
  onBehalfOf: 'user-ß',
  networkId: 'demo',
  action: 'preauth.capture',
  subject: 'preauth:1',
  requestId: 'r-1',
  reason: 'because',
  details: { amountCents: 12n, huge: 2n ** 60n, list: ['a'] },
};

interface Row {
  id: bigint;
  details: string;
  reason: string;
  actor: string;
  content_hash: Buffer;
}

describe('appendAudit', () => {
  const databases = auditDatabases('audit_append');
  let db: TestDatabase;
  beforeAll(async () => {
    db = await databases.create();
  });
  afterAll(() => databases.dropAll());

  const rows = async (subject: string) =>
    (await db.pool.query<Row>('SELECT * FROM audit_intake WHERE subject = $1 ORDER BY id', [subject])).rows;

  it('keeps every field and a hash over all of them that anyone can recompute', async () => {
    await inTransaction(db.pool, (client) => appendAudit(client, [record]));
    const [row] = await rows('preauth:1');
    expect(row).toMatchObject({
      format: 1,
      occurred_at: record.occurredAt,
      actor: 'njordr',
      on_behalf_of: 'user-ß',
      network_id: 'demo',
      action: 'preauth.capture',
      request_id: 'r-1',
      reason: 'because',
      details: '{"amountCents":12,"huge":"1152921504606846976","list":["a"]}',
    });
    const content =
      'edda.audit.1,16:1772366400123000,6:njordr,7:user-ß,4:demo,15:preauth.capture,9:preauth:1,3:r-1,7:because,' +
      `60:${row!.details},`;
    const id = Buffer.alloc(8);
    id.writeBigInt64BE(row!.id);
    const digest = createHash('sha256').update(content).digest();
    expect(row!.content_hash).toEqual(createHash('sha256').update(id).update(digest).digest());
  });

  it('belongs to the transaction: a rollback leaves nothing', async () => {
    const failing = inTransaction(db.pool, async (client) => {
      await appendAudit(client, [{ ...record, subject: 'rolled-back:1' }]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await rows('rolled-back:1')).toEqual([]);
  });

  it('no writer waits for another: a second transaction commits while the first is open', async () => {
    await inTransaction(db.pool, async (client) => {
      await appendAudit(client, [{ ...record, subject: 'open:1' }]);
      const other = await db.pool.connect();
      try {
        await other.query('BEGIN; SET LOCAL lock_timeout = 1');
        await appendAudit(other, [{ ...record, subject: 'open:2' }]);
        await other.query('COMMIT');
      } finally {
        other.release();
      }
    });
    expect(await rows('open:2')).toHaveLength(1);
  });

  it('writes a batch in order, and of a batch only what a condition picks', async () => {
    const batch = ['a', 'b', 'c'].map((reason) => ({ ...record, subject: 'batch:1', reason }));
    await db.pool.query(auditInsertSql(1, 'position <> 2'), auditArrays(batch));
    expect((await rows('batch:1')).map(({ reason }) => reason)).toEqual(['a', 'c']);
  });

  it('stores text that PostgreSQL would refuse with a replacement instead of failing the mutation', async () => {
    const odd = { ...record, subject: 'odd:1', reason: 'nul \0 and half \ud800', details: { nul: '\0' } };
    await inTransaction(db.pool, (client) => appendAudit(client, [odd]));
    expect(await rows('odd:1')).toMatchObject([
      { reason: 'nul \uFFFD and half \uFFFD', details: String.raw`{"nul":"\u0000"}` },
    ]);
  });

  it('refuses details beyond their bound', () => {
    const big = { ...record, details: { text: 'x'.repeat(MAX_DETAILS_BYTES) } };
    expect(() => auditArrays([big])).toThrow(RangeError);
  });

  it.each(['UPDATE audit_intake SET actor = actor', 'DELETE FROM audit_intake', 'TRUNCATE audit_intake'])(
    'the database refuses: %s',
    async (sql) => {
      await expect(db.pool.query(sql)).rejects.toThrow('audit records are never changed');
    },
  );
});
