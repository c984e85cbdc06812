import { heidrun } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type ClientBase, type Pool } from 'pg';
import { type UserKey } from '../ledger/account-names.ts';
import { type MethodState } from './payment-machines.ts';
import { type MethodKind, type MethodPurpose } from './provider/payment-provider.ts';

/** A payment method as stored, with the purposes it is the default for. */
export interface MethodRow {
  id: string;
  network_id: string;
  user_id: string;
  kind: MethodKind;
  purposes: MethodPurpose[];
  status: MethodState;
  brand: string;
  last4: string;
  expiry_month: number;
  expiry_year: number;
  expires_at: Date | null;
  payment_provider: string;
  token_key_id: string | null;
  token_sealed: Buffer | null;
  verification_attempts: number;
  failure_reason: string;
  created_at: Date;
  verified_at: Date | null;
  default_for: MethodPurpose[];
}

/** The columns of a MethodRow, for queries over `payment_methods m`. */
export const METHOD_COLUMNS = `m.*, ARRAY(SELECT d.purpose FROM payment_defaults d
  WHERE d.payment_method_id = m.id ORDER BY d.purpose) AS default_for`;

const OWN = `SELECT ${METHOD_COLUMNS} FROM payment_methods m WHERE m.id = $1 AND m.network_id = $2 AND m.user_id = $3`;
const locks = { none: '', share: ' FOR SHARE OF m', update: ' FOR UPDATE OF m' } as const;

/**
 * A user's own method, locked until the transaction ends where asked.
 * @throws NOT_FOUND when there is none, or it is somebody else's
 */
export async function ownMethod(
  db: Pool | ClientBase,
  user: UserKey,
  id: string,
  lock: keyof typeof locks = 'none',
): Promise<MethodRow> {
  const { rows } = await db.query<MethodRow>({
    name: `payment-method-own-${lock}`,
    text: OWN + locks[lock],
    values: [id, user.networkId, user.userId],
  });
  const row = rows[0];
  if (row !== undefined) return row;
  throw commonFaults.NOT_FOUND('There is no such payment method.', {
    violations: [{ field: 'payment_method_id', description: 'does not exist' }],
  });
}

/** Whether a method has passed its expiry. */
export const isExpired = (row: Pick<MethodRow, 'expires_at'>, now: Date): boolean =>
  row.expires_at !== null && row.expires_at <= now;

/** The contract's form: no token, and EXPIRED where a verified one has passed its expiry. */
export function toMethod(row: MethodRow, now: Date): heidrun.PaymentMethod {
  const status = row.status === 'VERIFIED' && isExpired(row, now) ? 'EXPIRED' : row.status;
  return {
    id: row.id,
    userId: row.user_id,
    kind: heidrun.PaymentMethodKind[row.kind],
    purposes: row.purposes.map((purpose) => heidrun.PaymentPurpose[purpose]),
    status: heidrun.PaymentMethodStatus[status],
    brand: row.brand,
    last4: row.last4,
    expiryMonth: row.expiry_month,
    expiryYear: row.expiry_year,
    defaultFor: row.default_for.map((purpose) => heidrun.PaymentPurpose[purpose]),
    paymentProvider: row.payment_provider,
    createdAt: row.created_at,
    verifiedAt: row.verified_at ?? undefined,
    failureReason: row.failure_reason,
  };
}
