import { heidrun } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type ClientBase, type Pool } from 'pg';
import { type UserKey } from '../../ledger/account-names.ts';
import { type PayoutState } from '../payment-machines.ts';

/** A payout as stored. */
export interface PayoutRow {
  id: string;
  network_id: string;
  user_id: string;
  payment_method_id: string;
  payment_provider: string;
  amount_cents: bigint;
  currency: string;
  status: PayoutState;
  failure_reason: string;
  provider_reference: string;
  scheduled: boolean;
  attempts: number;
  created_at: Date;
  completed_at: Date | null;
}

export const payoutUser = (row: Pick<PayoutRow, 'network_id' | 'user_id'>): UserKey => ({
  networkId: row.network_id,
  userId: row.user_id,
});

/** @throws INTERNAL when it does not exist: ids come from this service itself */
export async function payoutById(db: Pool | ClientBase, id: string, lock: '' | ' FOR UPDATE' = ''): Promise<PayoutRow> {
  const { rows } = await db.query<PayoutRow>(`SELECT * FROM payouts WHERE id = $1${lock}`, [id]);
  if (rows[0] === undefined) throw commonFaults.INTERNAL('A stored payout is gone.');
  return rows[0];
}

/** The contract's form. */
export function toPayout(row: PayoutRow): heidrun.Payout {
  return {
    id: row.id,
    userId: row.user_id,
    amountCents: row.amount_cents,
    paymentMethodId: row.payment_method_id,
    status: heidrun.PayoutStatus[row.status],
    failureReason: row.failure_reason,
    createdAt: row.created_at,
    completedAt: row.completed_at ?? undefined,
  };
}
