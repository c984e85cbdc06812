import { createTestDatabases, type TestDatabase } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sandboxMethods } from './sandbox-methods.ts';
import { createSandboxProvider } from './sandbox-provider.ts';

const databases = createTestDatabases({
  name: 'heidrun_sandbox',
  migrationsDir: `${import.meta.dirname}/../../../prisma/migrations`,
});
let db: TestDatabase;

beforeAll(async () => {
  db = await databases.create();
});
afterAll(() => databases.dropAll());

const charge = (idempotencyKey: string, methodToken = 'tok_sandbox_visa', amountCents = 500n) =>
  createSandboxProvider({ pool: db.pool }).charge({
    ...{ idempotencyKey, methodToken, amountCents, currency: 'EUR' },
    ...{ repeated: false, unattended: false },
  });

describe('sandbox payment provider', () => {
  it.each([
    ['tok_sandbox_visa', 'verified', 'succeeded'],
    ['tok_sandbox_bank', 'verified', 'declined'],
    ['tok_sandbox_sepa', 'needs-micro-deposits', 'succeeded'],
    ['tok_sandbox_declined', 'declined', 'declined'],
    ['tok_sandbox_action_required', 'action-required', 'action-required'],
    ['tok_sandbox_debit', 'verified', 'succeeded'],
    ['tok_sandbox_paypal', 'needs-confirmation', 'succeeded'],
    ['tok_sandbox_bank_pending', 'verified', 'declined'],
    ['tok_sandbox_payout_fails', 'verified', 'declined'],
    ['tok_sandbox_charge_fails', 'verified', 'declined'],
  ])('answers for %s: %s when added, %s when charged', async (token, attached, charged) => {
    expect((await createSandboxProvider({ pool: db.pool }).attachMethod({ token, idempotencyKey: 'k' }))?.status).toBe(
      attached,
    );
    expect((await charge(`table-${token}`, token)).status).toBe(charged);
  });

  it('has no other tokens than those', async () => {
    expect(sandboxMethods.size).toBe(10);
    expect(
      await createSandboxProvider({ pool: db.pool }).attachMethod({ token: 'tok_other', idempotencyKey: 'k' }),
    ).toBeUndefined();
  });

  it('knows a charge by its key, in every instance and at the same time', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, () => charge('same')));
    expect(new Set(results.map(({ providerReference }) => providerReference)).size).toBe(1);
    const { rowCount } = await db.pool.query(`SELECT FROM sandbox_charges WHERE idempotency_key = 'same'`);
    expect(rowCount).toBe(1);
    expect((await charge('other')).providerReference).not.toBe(results[0]?.providerReference);
  });

  it('refuses a known key with another amount or method', async () => {
    await charge('fixed');
    await expect(charge('fixed', 'tok_sandbox_visa', 501n)).rejects.toThrow('other content');
    await expect(charge('fixed', 'tok_sandbox_sepa')).rejects.toThrow('other content');
  });

  it.each([
    ['12,34', 'verified'],
    [' 12 34 ', 'verified'],
    ['12, 34', 'verified'],
    ['34,12', 'refused'],
    ['1234', 'refused'],
    ['', 'refused'],
  ])('takes the micro-deposits as "%s": %s', async (code, verdict) => {
    const provider = createSandboxProvider({ pool: db.pool });
    const request = { methodToken: 'tok_sandbox_sepa', code, idempotencyKey: code };
    expect(await provider.verifyMethod(request)).toBe(verdict);
  });
});
