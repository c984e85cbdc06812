import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { scratchDatabase } from '../test/scratch-database.ts';
import { inPipelinedTransaction } from './in-transaction.ts';

describe('inPipelinedTransaction', () => {
  let db: Awaited<ReturnType<typeof scratchDatabase>>;
  beforeAll(async () => {
    db = await scratchDatabase(
      'CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL CHECK (balance < 100))',
      4,
      true,
    );
  });
  beforeEach(async () => {
    await db.pool.query('DELETE FROM account');
    await db.pool.query('INSERT INTO account VALUES (1, 0), (2, 0)');
  });
  afterAll(() => db.drop());
  const balances = async (): Promise<number[]> =>
    (await db.pool.query<{ balance: number }>('SELECT balance FROM account ORDER BY id')).rows.map((r) => r.balance);
  const set = (id: number, balance: number) => ({
    text: 'UPDATE account SET balance = $2 WHERE id = $1',
    values: [id, balance],
  });

  it('commits what it read and its last statements together', async () => {
    const result = await inPipelinedTransaction(db.pool, async (client) => {
      const [first, second] = await Promise.all([1, 2].map((id) => client.query('SELECT $1::int AS id', [id])));
      return { result: [first?.rows, second?.rows], last: [set(1, 5), set(2, 6)] };
    });
    expect(result).toEqual([[{ id: 1 }], [{ id: 2 }]]);
    expect(await balances()).toEqual([5, 6]);
  });

  it('takes all of them back when one is refused, and says which', async () => {
    const failing = inPipelinedTransaction(db.pool, async () => ({
      result: undefined,
      last: [set(1, 5), set(2, 100), set(1, 7)],
    }));
    await expect(failing).rejects.toMatchObject({ code: '23514' });
    expect(await balances()).toEqual([0, 0]);
  });

  it('sends nothing when the function fails', async () => {
    const failing = inPipelinedTransaction(db.pool, async (client) => {
      await client.query(set(1, 5));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await balances()).toEqual([0, 0]);
  });

  it('reports an open outcome when the connection breaks with COMMIT on its way', async () => {
    const failing = inPipelinedTransaction(db.pool, async (client) => {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      return { result: rows, last: [set(1, 5), { text: 'SELECT pg_terminate_backend($1)', values: [rows[0]?.pid] }] };
    });
    await expect(failing).rejects.toMatchObject({ reason: 'COMMIT_OUTCOME_UNKNOWN' });
    expect(await balances()).toEqual([0, 0]);
  });

  it('tries again after such an end where that is harmless', async () => {
    const kill = (pid: number | undefined) => ({ text: 'SELECT pg_terminate_backend($1)', values: [pid] });
    let attempts = 0;
    const work: Parameters<typeof inPipelinedTransaction<number>>[1] = async (client) => {
      attempts += 1;
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      return { result: attempts, last: attempts === 1 ? [set(1, 5), kill(rows[0]?.pid)] : [set(1, 8)] };
    };
    expect(await inPipelinedTransaction<number>(db.pool, work, { idempotent: true })).toBe(2);
    expect(await balances()).toEqual([8, 0]);
  });
});
