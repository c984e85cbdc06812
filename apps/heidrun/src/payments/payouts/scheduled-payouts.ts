import { Fault } from '@edda/faults';
import { inTransaction } from '@edda/pg-kit';
import { type PoolClient } from 'pg';
import { systemOrigin } from '../../record-changes.ts';
import { type MoneySettingsRow } from '../money-settings/money-settings-row.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { beginPayout } from './begin-payout.ts';
import { nextPayoutAt } from './next-payout-at.ts';
import { lockPayable } from './payable.ts';
import { type Payouts } from './payouts.ts';

const DUE = `
SELECT * FROM money_settings WHERE next_payout_at <= $1 ORDER BY next_payout_at LIMIT 1 FOR UPDATE SKIP LOCKED`;
const MOVE_ON = 'UPDATE money_settings SET next_payout_at = $3 WHERE network_id = $1 AND user_id = $2';

/** Most schedules served per run; what is left is due in the next. */
const MAX_PER_RUN = 1_000;

/**
 * Begins the payouts whose time has come, each in a transaction that also moves its schedule on: however many replicas
 * do this, and whenever one dies, each date pays out once.
 * @returns how many schedules were due
 */
export async function beginScheduledPayouts(deps: PaymentDeps, payouts: Payouts): Promise<number> {
  for (let due = 0; due < MAX_PER_RUN; due++) {
    const begun = await inTransaction(deps.pool, (client) => beginNext(deps, client));
    if (begun === undefined) return due;
    if (begun.payoutId === undefined) continue;
    deps.notify();
    const { payoutId } = begun;
    await payouts
      .finish(payoutId)
      .catch((error: unknown) =>
        deps.logger.warn({ err: error, payout_id: payoutId }, 'a scheduled payout could not be handed over yet'),
      );
  }
  return MAX_PER_RUN;
}

async function beginNext(deps: PaymentDeps, client: PoolClient): Promise<{ payoutId?: string } | undefined> {
  const now = deps.clock.now();
  const { rows } = await client.query<MoneySettingsRow>(DUE, [now]);
  const row = rows[0];
  if (row === undefined) return undefined;
  const user = { networkId: row.network_id, userId: row.user_id };
  await client.query(MOVE_ON, [user.networkId, user.userId, nextPayoutAt(row.payout_schedule, now) ?? null]);
  const payable = await lockPayable(client, user, deps);
  const least = BigInt(deps.settings().minPayoutCents);
  if (payable <= 0n || payable < (row.payout_minimum_cents > least ? row.payout_minimum_cents : least)) return {};
  try {
    const wanted = { amountCents: 0n, paymentMethodId: '', scheduled: true };
    return { payoutId: await beginPayout(deps, client, user, wanted, systemOrigin('payout-schedule')) };
  } catch (error) {
    // Frozen, or without a method: decided before anything was written, so the schedule still moves on.
    if (!(error instanceof Fault) || error.kind !== 'precondition') throw error;
    deps.logger.warn({ reason: error.reason, user_id: user.userId }, 'a scheduled payout was left out');
    return {};
  }
}
