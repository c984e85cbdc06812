import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quiet } from '../test/quiet.ts';
import { scratchDatabase } from '../test/scratch-database.ts';
import { createPool } from './create-pool.ts';

describe('createPool', () => {
  let db: Awaited<ReturnType<typeof scratchDatabase>>;
  beforeAll(async () => {
    db = await scratchDatabase();
  });
  afterAll(() => db.drop());

  it('keeps 64-bit integers and decimals exact, also in arrays', async () => {
    const { rows } = await db.pool.query(`SELECT 9223372036854775807::int8 AS big,
      ARRAY[1, NULL, 9007199254740993]::int8[] AS bigs, 0.1::numeric AS decimal,
      ARRAY[0.30000000000000004]::numeric[] AS decimals, count(*) AS rows, 7::int4 AS small`);
    expect(rows[0]).toEqual({
      big: 9223372036854775807n,
      bigs: [1n, null, 9007199254740993n],
      decimal: '0.1',
      decimals: ['0.30000000000000004'],
      rows: 1n,
      small: 7,
    });
  });

  it('reads an instant as Date and a calendar day as text', async () => {
    const { rows } = await db.pool.query(
      `SELECT '2026-01-02T03:04:05+02'::timestamptz AS at, '2026-01-02'::date AS day`,
    );
    expect(rows[0]).toEqual({ at: new Date('2026-01-02T01:04:05Z'), day: '2026-01-02' });
  });

  it('names itself and bounds statements on the server', async () => {
    const { rows } = await db.pool.query(
      `SELECT current_setting('application_name') AS name, current_setting('statement_timeout') AS timeout`,
    );
    expect(rows[0]).toMatchObject({ timeout: '30s' });
    expect((rows[0] as { name: string }).name).toMatch(/^scratch_/);
  });

  it('answers a lost or refused connection as DEPENDENCY_UNAVAILABLE, and a statement’s own error as it is', async () => {
    const unavailable = { reason: 'DEPENDENCY_UNAVAILABLE', kind: 'unavailable', retryAfterMs: 1_000 };
    await expect(db.pool.query('SELECT pg_terminate_backend(pg_backend_pid())')).rejects.toMatchObject(unavailable);
    const nobody = createPool({ url: 'postgres://a:b@127.0.0.1:1/c', name: 'nobody', logger: quiet });
    await expect(nobody.query('SELECT 1')).rejects.toMatchObject(unavailable);
    await nobody.end();
    await expect(db.pool.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' });
  });

  it('survives the server ending its connections, idle and checked out', async () => {
    const held = await db.pool.connect();
    await db.pool.query('SELECT 1');
    const killer = await scratchDatabase();
    await killer.pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
      db.pool.options.application_name,
    ]);
    await expect(held.query('SELECT 1')).rejects.toThrow();
    held.release(true);
    // The first query may still meet a connection whose end has not been noticed; the pool then replaces it.
    await expect
      .poll(async () => (await db.pool.query('SELECT 1 AS one').catch(() => undefined))?.rows)
      .toEqual([{ one: 1 }]);
    await killer.drop();
  });
});
