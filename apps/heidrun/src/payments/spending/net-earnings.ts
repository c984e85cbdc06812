import { inTransaction } from '@edda/pg-kit';
import { type ClientBase } from 'pg';
import { earningsOf, type UserKey, walletOf } from '../../ledger/account-names.ts';
import { postTransfers } from '../../ledger/post-transfers.ts';
import { recordChanges, systemOrigin } from '../../record-changes.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { lockPayable } from '../payouts/payable.ts';

// In id order, as captures lock them.
const LOCK = 'SELECT FROM accounts WHERE name IN ($1, $2) ORDER BY id FOR UPDATE';
const OPEN = `
SELECT coalesce(sum(s.spent_cents - s.netted_cents), 0)::bigint AS cents
FROM money_settings m JOIN accounts a ON a.name = m.wallet JOIN wallet_spending s ON s.wallet_id = a.id
WHERE m.network_id = $1 AND m.user_id = $2 AND m.netting AND s.day >= m.netting_since`;
const NETTED = `
UPDATE wallet_spending s SET netted_cents = s.netted_cents + d.cents
FROM (
  SELECT o.wallet_id, o.day, least(o.open, greatest(0, $3 - (o.running - o.open)))::bigint AS cents
  FROM (
    SELECT s.wallet_id, s.day, s.spent_cents - s.netted_cents AS open,
      sum(s.spent_cents - s.netted_cents) OVER (ORDER BY s.day) AS running
    FROM money_settings m JOIN accounts a ON a.name = m.wallet JOIN wallet_spending s ON s.wallet_id = a.id
    WHERE m.network_id = $1 AND m.user_id = $2 AND s.day >= m.netting_since
  ) o
) d WHERE s.wallet_id = d.wallet_id AND s.day = d.day AND d.cents > 0`;

/**
 * Makes a user's costs good from the user's own payable earnings: one transfer for all captured since the last one, the
 * oldest day first. What earnings do not cover waits for later ones.
 */
export async function netEarnings(deps: PaymentDeps, user: UserKey): Promise<void> {
  const cents = await inTransaction(deps.pool, (client) => net(deps, client, user));
  if (cents > 0n) deps.notify();
}

async function net(deps: PaymentDeps, client: ClientBase, user: UserKey): Promise<bigint> {
  const [wallet, earnings] = [walletOf(user), earningsOf(user)];
  await client.query(LOCK, [wallet, earnings]);
  const payable = await lockPayable(client, user, deps);
  const { rows } = await client.query<{ cents: bigint }>(OPEN, [user.networkId, user.userId]);
  const open = rows[0]?.cents ?? 0n;
  const amountCents = open < payable ? open : payable;
  if (amountCents <= 0n) return 0n;
  const now = deps.clock.now();
  const id = `netting:${deps.newId()}`;
  const transfer = { id, debit: earnings, credit: wallet, amountCents, kind: 'NETTING' as const };
  await postTransfers(client, [transfer], { postedAt: now });
  await client.query(NETTED, [user.networkId, user.userId, amountCents]);
  const details = { transfer_id: id, amount_cents: amountCents };
  await recordChanges(client, systemOrigin('netting'), now, [
    { action: 'netting.posted', subject: wallet, user, details },
  ]);
  return amountCents;
}
