import { createTestDatabases, type TestDatabase } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { walletOf } from '../ledger/account-names.ts';
import { isReady, readinessOf } from './payment-readiness.ts';

const databases = createTestDatabases({
  name: 'heidrun_readiness',
  migrationsDir: `${import.meta.dirname}/../../prisma/migrations`,
});
const now = new Date('2026-03-01T00:00:00Z');
let db: TestDatabase;

beforeAll(async () => {
  db = await databases.create();
});
afterAll(() => databases.dropAll());

interface Method {
  purposes?: string[];
  status?: string;
  expiresAt?: Date;
  createdAt?: Date;
}

async function add(id: string, userId: string, method: Method = {}): Promise<void> {
  const { purposes = ['PAY'], status = 'VERIFIED', expiresAt = null, createdAt = now } = method;
  await db.pool.query(
    `INSERT INTO payment_methods (id, network_id, user_id, kind, purposes, status, expires_at, payment_provider,
       token_key_id, token_sealed, created_at, verified_at)
     VALUES ($1, 'n', $2, 'CARD', $3, $4, $5, 'sandbox', 'k', '\\x00', $6, $6)`,
    [id, userId, purposes, status, expiresAt, createdAt],
  );
}
const of = (userId: string, purpose: 'pay' | 'payout' = 'pay') =>
  readinessOf(db.pool, { networkId: 'n', userId }, purpose, now);

describe('readiness (domain rules, Payments)', () => {
  it('requires a verified method of that very purpose', async () => {
    expect(await of('nobody')).toEqual({ ready: false, problem: 'NO_METHOD' });
    await add('m-1', 'anna');
    expect(await of('anna')).toEqual({ ready: true, paymentMethodId: 'm-1' });
    expect(await of('anna', 'payout')).toEqual({ ready: false, problem: 'NO_METHOD' });
    expect(await isReady(db.pool, { networkId: 'n', userId: 'anna' }, 'pay', now)).toBe(true);
    expect(await isReady(db.pool, { networkId: 'other', userId: 'anna' }, 'pay', now)).toBe(false);
  });

  it('lets one method serve both purposes', async () => {
    await add('m-2', 'both', { purposes: ['PAY', 'PAYOUT'] });
    expect([await of('both'), await of('both', 'payout')].map((r) => r.ready)).toEqual([true, true]);
  });

  it.each([
    ['pending', { status: 'PENDING' }, 'NOT_VERIFIED'],
    ['refused', { status: 'FAILED' }, 'NO_METHOD'],
    ['expired', { expiresAt: now }, 'EXPIRED'],
  ])('is not given by a %s one', async (userId, method, problem) => {
    await add(`m-${userId}`, userId, method);
    expect(await of(userId)).toEqual({ ready: false, problem });
  });

  it('prefers the default, falls back to the oldest usable one', async () => {
    await add('m-old', 'carl', { createdAt: new Date(1_000) });
    await add('m-new', 'carl');
    expect(await of('carl')).toMatchObject({ paymentMethodId: 'm-old' });
    await db.pool.query(`INSERT INTO payment_defaults VALUES ('n', 'carl', 'PAY', 'm-new')`);
    expect(await of('carl')).toMatchObject({ paymentMethodId: 'm-new' });
    await db.pool.query(`UPDATE payment_methods SET expires_at = $1 WHERE id = 'm-new'`, [now]);
    expect(await of('carl')).toMatchObject({ paymentMethodId: 'm-old' });
  });

  it('is withheld from a frozen account', async () => {
    await add('m-f', 'fred');
    await db.pool.query(`INSERT INTO accounts (name, base, kind, frozen) VALUES ($1, $1, 'wallet', true)`, [
      walletOf({ networkId: 'n', userId: 'fred' }),
    ]);
    expect(await of('fred')).toEqual({ ready: false, problem: 'FROZEN' });
  });
});
