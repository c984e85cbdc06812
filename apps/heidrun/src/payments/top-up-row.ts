import { heidrun } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type ClientBase, type Pool } from 'pg';
import { type UserKey } from '../ledger/account-names.ts';
import { type TopUpState } from './payment-machines.ts';

/** A top-up as stored. */
export interface TopUpRow {
  id: string;
  network_id: string;
  user_id: string;
  payment_method_id: string;
  payment_provider: string;
  amount_cents: bigint;
  currency: string;
  status: TopUpState;
  failure_reason: string;
  confirmation_url: string;
  provider_reference: string;
  origin: 'USER' | 'AUTOMATIC' | 'CREDIT';
  reversed_cents: bigint;
  attempts: number;
  created_at: Date;
  completed_at: Date | null;
}

/** What every step of a top-up downstream is known by, so that a repeated step is the same step. */
export const chargeKeyOf = (topUpId: string): string => `topup:${topUpId}`;

export const topUpUser = (row: Pick<TopUpRow, 'network_id' | 'user_id'>): UserKey => ({
  networkId: row.network_id,
  userId: row.user_id,
});

/** @throws INTERNAL when it does not exist: ids come from this service itself */
export async function topUpById(db: Pool | ClientBase, id: string, lock: '' | ' FOR UPDATE' = ''): Promise<TopUpRow> {
  const { rows } = await db.query<TopUpRow>(`SELECT * FROM top_ups WHERE id = $1${lock}`, [id]);
  if (rows[0] === undefined) throw commonFaults.INTERNAL('A stored top-up is gone.');
  return rows[0];
}

/** The contract's form. */
export function toTopUp(row: TopUpRow): heidrun.TopUpRecord {
  return {
    id: row.id,
    userId: row.user_id,
    amountCents: row.amount_cents,
    paymentMethodId: row.payment_method_id,
    status: heidrun.TopUpStatus[row.status],
    failureReason: row.failure_reason,
    createdAt: row.created_at,
    completedAt: row.completed_at ?? undefined,
    confirmationUrl: row.status === 'PENDING' ? row.confirmation_url : '',
  };
}
