import { type TestDatabase } from '@edda/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditDatabases } from '../test/audit-database.ts';
import { append, sealed, verify } from '../test/sealed-log.ts';
import { tamper } from '../test/tamper.ts';

interface Column {
  table: string;
  name: string;
  type: string;
}

/** The column as bytes, big-endian where it is a number, and back. */
const readers: Record<string, { read: (name: string) => string; write: string }> = {
  text: { read: (name) => `convert_to(${name}, 'UTF8')`, write: `convert_from($1, 'UTF8')` },
  bytea: { read: (name) => name, write: '$1' },
  bigint: { read: (name) => `int8send(${name})`, write: `('x' || encode($1, 'hex'))::bit(64)::bigint` },
  smallint: { read: (name) => `int2send(${name})`, write: `('x' || encode($1, 'hex'))::bit(16)::int::smallint` },
  'timestamp with time zone': {
    // Microseconds since 2000, as PostgreSQL stores a time.
    read: (name) => `timestamptz_send(${name})`,
    write: `'2000-01-01T00:00:00Z'::timestamptz
      + (('x' || encode($1, 'hex'))::bit(64)::bigint / 1000000000000) * interval '1000000 seconds'
      + (('x' || encode($1, 'hex'))::bit(64)::bigint % 1000000000000) * interval '1 microsecond'`,
  },
};

/** Refused by PostgreSQL itself: a text that is no UTF-8, a NUL, a time or number out of range. */
const unstorable = /^(22|42846)/;

describe('any flipped bit of any stored column of any record', () => {
  const databases = auditDatabases('audit_flip');
  let db: TestDatabase;
  let columns: Column[];
  const RECORDS = 6;
  const UNSEALED = 3;

  beforeAll(async () => {
    db = await databases.create();
    await sealed(db.pool, RECORDS);
    await append(db.pool, RECORDS + 1, RECORDS + UNSEALED);
    // Without keys, so that a flipped key is found by its hash, not refused as a duplicate.
    await tamper(db.pool, 'ALTER TABLE audit_records DROP CONSTRAINT audit_records_pkey');
    const { rows } = await db.pool.query<Column>(
      `SELECT table_name AS "table", column_name AS name, data_type AS type FROM information_schema.columns
       WHERE table_name IN ('audit_records', 'audit_intake') ORDER BY 1, ordinal_position`,
    );
    columns = rows;
  });
  afterAll(() => databases.dropAll());

  /** Flips one bit, verifies, and puts the old value back. @returns whether it was found; undefined if unstorable */
  async function flip({ table, name, type }: Column, row: number, bitOf: number): Promise<boolean | undefined> {
    const { read, write } = readers[type]!;
    const query = `SELECT ctid::text, ${read(name)} AS bytes FROM ${table} ORDER BY request_id OFFSET $1 LIMIT 1`;
    const { rows } = await db.pool.query<{ ctid: string; bytes: Buffer }>(query, [row]);
    const { ctid, bytes } = rows[0]!;
    const flipped = Buffer.from(bytes);
    const bit = Math.floor(bitOf * bytes.length * 8);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    const client = await db.pool.connect();
    try {
      await client.query('SET session_replication_role = replica');
      const changed = await client
        .query<{ ctid: string }>(`UPDATE ${table} SET ${name} = ${write} WHERE ctid = $2::tid RETURNING ctid::text`, [
          flipped,
          ctid,
        ])
        .catch((error: { code?: string }) => {
          if (unstorable.test(error.code ?? '')) return undefined;
          throw error;
        });
      if (changed === undefined) return undefined;
      const { intact } = await verify(db.pool);
      await client.query(`UPDATE ${table} SET ${name} = ${write} WHERE ctid = $2::tid`, [bytes, changed.rows[0]!.ctid]);
      return !intact;
    } finally {
      client.release(true);
    }
  }

  it('is found', async () => {
    expect(await verify(db.pool)).toMatchObject({ intact: true, unsealedCount: BigInt(UNSEALED) });
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: columns.length - 1 }),
        fc.nat(),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        async (index, row, bitOf) => {
          const column = columns[index]!;
          const found = await flip(column, row % (column.table === 'audit_records' ? RECORDS : UNSEALED), bitOf);
          fc.pre(found !== undefined);
          seen.add(`${column.table}.${column.name}`);
          expect(found).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
    // Afterwards everything is as before: no find was a leftover of an earlier flip.
    expect(await verify(db.pool)).toMatchObject({ intact: true });
  }, 120_000);

  it('is found in each column at its first and its last bit', async () => {
    for (const column of columns) {
      for (const bitOf of [0.0001, 0.999]) {
        expect([column.table, column.name, bitOf, await flip(column, 1, bitOf)]).not.toContain(false);
      }
    }
    expect(await verify(db.pool)).toMatchObject({ intact: true });
  });
});
