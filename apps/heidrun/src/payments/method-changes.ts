import { appendEvents, namedLock } from '@edda/pg-kit';
import { type ClientBase } from 'pg';
import { heidrunFaults } from '../faults.ts';
import { balanceOf } from '../ledger/account-balance.ts';
import { type UserKey, userKey, walletOf } from '../ledger/account-names.ts';
import { type MethodRow } from './method-row.ts';
import { type MethodPurpose } from './provider/payment-provider.ts';

/** Changes to one user's methods happen one after another: limits and defaults stay right. */
export async function lockUserMethods(client: ClientBase, user: UserKey): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(${namedLock('paymentMethods', '$1')})`, [
    `methods:${userKey(user)}`,
  ]);
}

/** @throws ACCOUNT_FROZEN */
export async function assertNotFrozen(client: ClientBase, user: UserKey): Promise<void> {
  const balance = await balanceOf(client, walletOf(user));
  if (balance?.frozen === true) throw heidrunFaults.ACCOUNT_FROZEN('The account is frozen.');
}

/** Makes a method the default of purposes; with `onlyFirst` where the user has no default yet. */
export async function makeDefault(
  client: ClientBase,
  user: UserKey,
  methodId: string,
  purposes: readonly MethodPurpose[],
  { onlyFirst }: { onlyFirst: boolean },
): Promise<void> {
  const conflict = onlyFirst ? 'NOTHING' : 'UPDATE SET payment_method_id = EXCLUDED.payment_method_id';
  await client.query(
    `INSERT INTO payment_defaults (network_id, user_id, purpose, payment_method_id)
     SELECT $1, $2, purpose, $4 FROM unnest($3::text[]) AS purpose ORDER BY purpose
     ON CONFLICT (network_id, user_id, purpose) DO ${conflict}`,
    [user.networkId, user.userId, [...purposes], methodId],
  );
}

/** Announces a method that may be used from now on. */
export async function announceVerified(client: ClientBase, row: MethodRow, now: Date): Promise<void> {
  await appendEvents(client, [
    {
      subject: `payment_method:${row.id}`,
      type: 'heidrun.payment_method.verified',
      payload: {
        payment_method_id: row.id,
        user_id: row.user_id,
        network_id: row.network_id,
        kind: row.kind,
        purposes: row.purposes,
        payment_provider: row.payment_provider,
      },
      occurredAt: now,
    },
  ]);
}

/** Whether a token is a card number (12–19 digits, Luhn check of ISO/IEC 7812-1), which must not reach us. */
export function looksLikeCardNumber(token: string): boolean {
  const digits = token.replaceAll(/[\s-]/g, '');
  if (!/^\d{12,19}$/.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
