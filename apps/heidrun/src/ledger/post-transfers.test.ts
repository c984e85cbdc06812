import { createTestDatabases, type TestDatabase } from '@edda/testing';
import { inTransaction } from '@edda/pg-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { availableCents, balanceOf } from './account-balance.ts';
import { clearingOf, companyRevenue, walletOf } from './account-names.ts';
import { type NewTransfer, postTransfers } from './post-transfers.ts';

const databases = createTestDatabases({
  name: 'heidrun',
  migrationsDir: `${import.meta.dirname}/../../prisma/migrations`,
});
const postedAt = new Date('2026-01-01T00:00:00Z');
let db: TestDatabase;

beforeAll(async () => {
  db = await databases.create();
});
afterAll(() => databases.dropAll());

const post = (...transfers: NewTransfer[]) =>
  inTransaction(db.pool, (client) => postTransfers(client, transfers, { postedAt }));
const wallet = (userId: string) => walletOf({ networkId: 'n', userId });
const topUp = (id: string, userId: string, amountCents: bigint): NewTransfer => ({
  id,
  debit: clearingOf('sandbox'),
  credit: wallet(userId),
  amountCents,
  kind: 'TOP_UP',
});

describe('postTransfers', () => {
  it('moves a positive amount between two accounts and makes them where missing', async () => {
    await post(topUp('t-1', 'anna', 1_000n));
    expect(await availableCents(db.pool, wallet('anna'))).toBe(1_000n);
    expect((await balanceOf(db.pool, clearingOf('sandbox')))?.postedCents).toBe(-1_000n);
  });

  it('is idempotent by transfer id and refuses the same id with other content', async () => {
    const [first] = await post(topUp('t-2', 'ben', 500n));
    const [again] = await post(topUp('t-2', 'ben', 500n));
    expect([first?.stored, again?.stored]).toEqual([true, false]);
    await expect(post(topUp('t-2', 'ben', 501n))).rejects.toMatchObject({ reason: 'TRANSFER_CONFLICT' });
    expect(await availableCents(db.pool, wallet('ben'))).toBe(500n);
  });

  it('never lets a wallet fall below its limit', async () => {
    await post(topUp('t-3', 'cora', 10n));
    const spend = { id: 't-4', debit: wallet('cora'), credit: companyRevenue, amountCents: 11n, kind: 'FEE' } as const;
    await expect(post(spend)).rejects.toMatchObject({ reason: 'INSUFFICIENT_FUNDS' });
    expect(await availableCents(db.pool, wallet('cora'))).toBe(10n);
  });

  it('refuses zero, negative and overflowing amounts', async () => {
    await expect(post(topUp('t-5', 'dora', 0n))).rejects.toMatchObject({ reason: 'AMOUNT_OUT_OF_RANGE' });
    await expect(post(topUp('t-6', 'dora', 2n ** 63n))).rejects.toMatchObject({ reason: 'AMOUNT_OVERFLOW' });
    await post(topUp('t-7', 'dora', 2n ** 63n - 1n));
    await expect(post(topUp('t-8', 'dora', 1n))).rejects.toMatchObject({ reason: 'AMOUNT_OVERFLOW' });
  });

  it('spreads the company account over rows, so that it is not hot, and sums it again', async () => {
    await post(topUp('t-9', 'emil', 64n));
    for (let i = 0; i < 64; i++) {
      const id = `fee-${i}`;
      await post({
        id,
        debit: wallet('emil'),
        credit: companyRevenue,
        amountCents: 1n,
        kind: 'FEE',
        transactionId: id,
      });
    }
    expect((await balanceOf(db.pool, companyRevenue))?.postedCents).toBe(64n);
    const { rowCount } = await db.pool.query('SELECT FROM accounts WHERE base = $1', [companyRevenue]);
    expect(rowCount).toBeGreaterThan(8);
  });

  it('survives opposite transfers in parallel without a deadlock or a lost cent', async () => {
    await post(topUp('t-10', 'fay', 1_000n), topUp('t-11', 'gus', 1_000n));
    const move = (id: string, from: string, to: string): NewTransfer => ({
      id,
      debit: wallet(from),
      credit: wallet(to),
      amountCents: 1n,
      kind: 'ADJUSTMENT',
    });
    await Promise.all(
      Array.from({ length: 60 }, (_, i) => post(i % 2 ? move(`m-${i}`, 'fay', 'gus') : move(`m-${i}`, 'gus', 'fay'))),
    );
    expect(await availableCents(db.pool, wallet('fay'))).toBe(1_000n);
    const { rows } = await db.pool.query<{ total: string }>('SELECT sum(posted_cents)::text AS total FROM accounts');
    expect(rows[0]?.total).toBe('0');
  });

  it('is append-only', async () => {
    await expect(db.pool.query('UPDATE transfers SET amount_cents = 2')).rejects.toThrow('append-only');
    await expect(db.pool.query('DELETE FROM transfers')).rejects.toThrow('append-only');
  });
});
