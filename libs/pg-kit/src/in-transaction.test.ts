import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PoolClient } from 'pg';
import { scratchDatabase } from '../test/scratch-database.ts';
import { inTransaction } from './in-transaction.ts';

describe('inTransaction', () => {
  let db: Awaited<ReturnType<typeof scratchDatabase>>;
  beforeAll(async () => {
    db = await scratchDatabase('CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)', 4);
  });
  beforeEach(async () => {
    await db.pool.query('DELETE FROM account');
    await db.pool.query('INSERT INTO account VALUES (1, 0), (2, 0)');
  });
  afterAll(() => db.drop());
  const balances = async (): Promise<number[]> =>
    (await db.pool.query<{ balance: number }>('SELECT balance FROM account ORDER BY id')).rows.map((r) => r.balance);

  it('commits what it returns from and rolls back what it throws from', async () => {
    await inTransaction(db.pool, (client) => client.query('UPDATE account SET balance = 5 WHERE id = 1'));
    const failing = inTransaction(db.pool, async (client) => {
      await client.query('UPDATE account SET balance = 9');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await balances()).toEqual([5, 0]);
  });

  it('retries serialization failures until every increment counts', async () => {
    const increment = async (client: PoolClient): Promise<void> => {
      const { rows } = await client.query<{ balance: number }>('SELECT balance FROM account WHERE id = 1');
      await client.query('UPDATE account SET balance = $1 WHERE id = 1', [rows[0]!.balance + 1]);
    };
    const options = { isolation: 'serializable', maxRetries: 50 } as const;
    await Promise.all(Array.from({ length: 4 }, () => inTransaction(db.pool, increment, options)));
    expect((await balances())[0]).toBe(4);
  });

  it('retries the victim of a deadlock', async () => {
    const both = Promise.withResolvers<void>();
    let first = 0;
    const move = (from: number, to: number) => async (client: PoolClient) => {
      await client.query('UPDATE account SET balance = balance + 1 WHERE id = $1', [from]);
      if (++first === 2) both.resolve();
      await both.promise;
      await client.query('UPDATE account SET balance = balance + 1 WHERE id = $1', [to]);
    };
    await Promise.all([inTransaction(db.pool, move(1, 2)), inTransaction(db.pool, move(2, 1))]);
    expect(await balances()).toEqual([2, 2]);
    // Once each, and once more for every time one of them was chosen as the victim.
    expect(first).toBeGreaterThan(2);
  });

  it('gives up when retries run out', async () => {
    const fn = vi.fn((client: PoolClient) => client.query(`DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`));
    await expect(inTransaction(db.pool, fn, { maxRetries: 2 })).rejects.toMatchObject({
      reason: 'TRANSACTION_CONTENDED',
    });
    expect(fn).toHaveBeenCalledTimes(3);
  });

  it('refuses to begin inside another one on the same pool, but not after it', async () => {
    const nested = inTransaction(db.pool, () => inTransaction(db.pool, async () => 1));
    await expect(nested).rejects.toMatchObject({ reason: 'TRANSACTION_NESTED' });
    const later = await inTransaction(db.pool, async () => ({
      run: new Promise((resolve) => setTimeout(resolve, 50)).then(() => inTransaction(db.pool, async () => 'fine')),
    }));
    expect(await later.run).toBe('fine');
  });

  it('does not report success for a transaction whose failed statement was swallowed', async () => {
    const swallowing = inTransaction(db.pool, async (client) => {
      await client.query('UPDATE account SET balance = 1');
      await client.query('SELECT 1 / 0').catch(() => undefined);
    });
    await expect(swallowing).rejects.toMatchObject({ reason: 'TRANSACTION_ABORTED' });
    expect(await balances()).toEqual([0, 0]);
  });

  const killedAtCommit = (attempts: { count: number }) => async (client: PoolClient) => {
    attempts.count += 1;
    if (attempts.count > 1) return 'second';
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await db.pool.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
    return 'first';
  };

  it('never retries a COMMIT of unknown outcome by itself, and destroys the client', async () => {
    const attempts = { count: 0 };
    await expect(inTransaction(db.pool, killedAtCommit(attempts))).rejects.toMatchObject({
      reason: 'COMMIT_OUTCOME_UNKNOWN',
      kind: 'unavailable',
    });
    expect(attempts.count).toBe(1);
    const healthy = await Promise.all(Array.from({ length: 4 }, () => db.pool.query('SELECT 1')));
    expect(healthy).toHaveLength(4);
  });

  it('retries it when told that the work is idempotent', async () => {
    const attempts = { count: 0 };
    expect(await inTransaction(db.pool, killedAtCommit(attempts), { idempotent: true })).toBe('second');
  });

  it('reports a connection lost before COMMIT as an unavailable dependency', async () => {
    const lost = inTransaction(db.pool, async (client) => {
      await client.query('SELECT pg_terminate_backend(pg_backend_pid())');
    });
    await expect(lost).rejects.toMatchObject({ reason: 'DEPENDENCY_UNAVAILABLE' });
    expect(db.pool.waitingCount).toBe(0);
  });
});
