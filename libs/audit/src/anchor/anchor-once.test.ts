import { type TestDatabase } from '@edda/testing';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { auditDatabases } from '../../test/audit-database.ts';
import { append, sealed } from '../../test/sealed-log.ts';
import { tamper } from '../../test/tamper.ts';
import { sealBatch } from '../seal-batch.ts';
import { type Anchor, type AnchorStore } from './anchor.ts';
import { anchorOnce } from './anchor-once.ts';

describe('anchorOnce', () => {
  const databases = auditDatabases('audit_anchor');
  let db: TestDatabase;
  let kept: Anchor[];
  const store: AnchorStore = {
    name: 'list',
    append: async (anchor) => void kept.push(anchor),
    newest: async () => kept.at(-1),
  };
  const once = () => {
    const deps = { service: 'heidrun', pool: db.pool, clock: { now: () => new Date(0) } };
    return anchorOnce(deps, store, new AbortController().signal);
  };
  beforeEach(async () => {
    db = await databases.create();
    kept = [];
  });
  afterAll(() => databases.dropAll());

  it('writes the head down when it moved, and only then', async () => {
    expect(await once()).toEqual({ outcome: 'unchanged', sequence: 0n });
    await sealed(db.pool, 3);
    expect(await once()).toEqual({ outcome: 'anchored', sequence: 3n });
    expect(await once()).toEqual({ outcome: 'unchanged', sequence: 3n });
    await append(db.pool, 4, 5);
    await sealBatch(db.pool, { batchSize: 10 });
    expect(await once()).toEqual({ outcome: 'anchored', sequence: 5n });
    expect(kept.map(({ sequence }) => sequence)).toEqual([3n, 5n]);
    const { rows } = await db.pool.query('SELECT anchored_sequence FROM audit_head');
    expect(rows).toEqual([{ anchored_sequence: 5n }]);
  });

  it('does not anchor a chain that lost or changed what was anchored before', async () => {
    await sealed(db.pool, 3);
    await once();
    await tamper(db.pool, `UPDATE audit_records SET hash = decode(repeat('11', 32), 'hex') WHERE sequence = 3`);
    await append(db.pool, 4, 5);
    await sealBatch(db.pool, { batchSize: 10 });
    expect(await once()).toMatchObject({ outcome: 'mismatch' });
    await tamper(db.pool, 'DELETE FROM audit_records WHERE sequence = 3');
    expect(await once()).toMatchObject({ outcome: 'mismatch' });
    expect(kept).toHaveLength(1);
  });
});
