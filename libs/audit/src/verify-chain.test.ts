import { audit } from '@edda/contracts';
import { type TestDatabase } from '@edda/testing';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { auditDatabases } from '../test/audit-database.ts';
import { append, sealed, verify } from '../test/sealed-log.ts';
import { tamper } from '../test/tamper.ts';
import { GENESIS_HASH, linkHash } from './record-encoding.ts';
import { sealBatch } from './seal-batch.ts';

const Kind = audit.AuditViolationKind;

describe('verifyChain', () => {
  const databases = auditDatabases('audit_verify');
  let db: TestDatabase;
  beforeEach(async () => {
    db = await databases.create();
    await sealed(db.pool, 10);
  });
  afterAll(() => databases.dropAll());

  const found = async (span = {}) => {
    const { intact, violations } = await verify(db.pool, span);
    expect(intact).toBe(violations.length === 0);
    return violations.map(({ kind, sequence }) => ({ kind, sequence }));
  };

  it('an untouched chain is intact, whole and in spans', async () => {
    expect(await found()).toEqual([]);
    expect(await verify(db.pool, { from: 4n, to: 6n })).toMatchObject({
      intact: true,
      checkedCount: 3n,
      headSequence: 6n,
    });
  });

  it('finds a deleted row', async () => {
    await tamper(db.pool, 'DELETE FROM audit_records WHERE sequence = 5');
    expect(await found()).toEqual([{ kind: Kind.MISSING, sequence: 5n }]);
  });

  it('finds two swapped rows', async () => {
    await tamper(db.pool, 'ALTER TABLE audit_records DROP CONSTRAINT audit_records_pkey');
    await tamper(db.pool, 'UPDATE audit_records SET sequence = 9 - sequence WHERE sequence IN (4, 5)');
    expect(await found()).toContainEqual({ kind: Kind.CHANGED, sequence: 4n });
    expect(await found()).toContainEqual({ kind: Kind.CHANGED, sequence: 5n });
  });

  it.each([
    ['at a position taken twice', 5],
    ['before the first', 0],
    ['after the last', 11],
  ])('finds a row inserted %s, whose own hashes are right', async (_, sequence) => {
    await tamper(db.pool, 'ALTER TABLE audit_records DROP CONSTRAINT audit_records_pkey');
    const { rows } = await db.pool.query<{ hash: Buffer; content_hash: Buffer }>(
      'SELECT hash, content_hash FROM audit_records WHERE sequence = least(greatest($1 - 1, 1), 10)',
      [sequence],
    );
    const { hash, content_hash } = rows[0]!;
    await tamper(
      db.pool,
      `INSERT INTO audit_records SELECT $1, id, format, occurred_at, actor, on_behalf_of, network_id, action, subject,
         request_id, reason, details, content_hash, $2, $3 FROM audit_records WHERE content_hash = $4`,
      [sequence, hash, linkHash(BigInt(sequence), hash, content_hash), content_hash],
    );
    expect(await found()).toContainEqual({ kind: Kind.INSERTED, sequence: BigInt(sequence) });
  });

  it('finds a cut-off end without an anchor, by the recorded head', async () => {
    await tamper(db.pool, 'DELETE FROM audit_records WHERE sequence > 7');
    expect(await found()).toEqual([{ kind: Kind.MISSING, sequence: 8n }]);
  });

  it('a cut-off end stays visible when the log goes on', async () => {
    await tamper(db.pool, 'DELETE FROM audit_records WHERE sequence > 7');
    await append(db.pool, 11, 12);
    const told: string[] = [];
    await sealBatch(db.pool, { batchSize: 10, onBroken: (description) => told.push(description) });
    expect(told).toHaveLength(1);
    expect(await found()).toEqual([{ kind: Kind.MISSING, sequence: 8n }]);
  });

  it('finds a cut-off end by the anchor, even when the head was cut as well', async () => {
    const { headHash } = await verify(db.pool);
    const anchor = { service: 's', sequence: 10n, hash: headHash.toString('hex'), anchoredAt: new Date(0) };
    expect(await found({ anchors: [anchor] })).toEqual([]);
    await tamper(db.pool, 'DELETE FROM audit_records WHERE sequence > 7');
    await tamper(
      db.pool,
      'UPDATE audit_head SET sequence = 7, hash = (SELECT hash FROM audit_records WHERE sequence = 7)',
    );
    expect(await found()).toEqual([]);
    expect(await found({ anchors: [anchor] })).toEqual([{ kind: Kind.ANCHOR, sequence: 10n }]);
  });

  it('finds a chain rewritten with fresh hashes from end to end, by the anchor alone', async () => {
    const { headHash } = await verify(db.pool);
    const anchor = { service: 's', sequence: 10n, hash: headHash.toString('hex'), anchoredAt: new Date(0) };
    await rewrite(db);
    expect(await found()).toEqual([]);
    expect(await found({ anchors: [anchor] })).toEqual([{ kind: Kind.ANCHOR, sequence: 10n }]);
  });

  it('names an anchor that is known to have been written and is gone', async () => {
    expect(await found({ noneAnchored: true })).toEqual([]);
    await tamper(db.pool, 'UPDATE audit_head SET anchored_sequence = 9');
    expect(await found({ noneAnchored: true })).toEqual([{ kind: Kind.ANCHOR, sequence: 9n }]);
  });

  it('checks records that are not sealed yet', async () => {
    await append(db.pool, 11, 13);
    expect(await verify(db.pool)).toMatchObject({ intact: true, unsealedCount: 3n });
    await tamper(db.pool, `UPDATE audit_intake SET details = '{"amountCents":1}' WHERE request_id = 'r-12'`);
    expect(await found()).toEqual([{ kind: Kind.CHANGED, sequence: 0n }]);
    // Sealing does not launder it.
    await sealBatch(db.pool, { batchSize: 10 });
    expect(await found()).toEqual([{ kind: Kind.CHANGED, sequence: 12n }]);
  });

  it('lists at most 100 violations and still says that there are some', async () => {
    await append(db.pool, 11, 150);
    await sealBatch(db.pool, { batchSize: 1_000 });
    await tamper(db.pool, `UPDATE audit_records SET reason = 'x'`);
    const { intact, violations } = await verify(db.pool);
    expect({ intact, listed: violations.length }).toEqual({ intact: false, listed: 100 });
  });
});

/** Replaces record 3's content and recomputes every hash after it, as an attacker with the source would. */
async function rewrite({ pool }: TestDatabase): Promise<void> {
  await append(pool, 99, 99);
  await tamper(
    pool,
    `UPDATE audit_records AS r SET id = i.id, occurred_at = i.occurred_at, on_behalf_of = i.on_behalf_of,
       subject = i.subject, request_id = i.request_id, reason = i.reason, details = i.details,
       content_hash = i.content_hash FROM audit_intake AS i WHERE r.sequence = 3`,
  );
  await tamper(pool, 'DELETE FROM audit_intake');
  const { rows } = await pool.query<{ sequence: bigint; content_hash: Buffer }>(
    'SELECT sequence, content_hash FROM audit_records ORDER BY sequence',
  );
  let hash = GENESIS_HASH;
  for (const row of rows) {
    const previous = hash;
    hash = linkHash(row.sequence, previous, row.content_hash);
    const values = [row.sequence, previous, hash];
    await tamper(pool, 'UPDATE audit_records SET previous_hash = $2, hash = $3 WHERE sequence = $1', values);
  }
  await tamper(pool, 'UPDATE audit_head SET hash = $1', [hash]);
}
