import { type ClientBase } from 'pg';
import { availableOf } from '../../ledger/account-balance.ts';
import { clearingOf, companyRevenue, userKey, walletOf } from '../../ledger/account-names.ts';
import { postTransfers } from '../../ledger/post-transfers.ts';
import { type Origin, recordChanges } from '../../record-changes.ts';
import { chargeKeyOf, topUpById, topUpUser } from '../top-up-row.ts';

export interface Reversal {
  /** All that was taken back of the charge so far. */
  reversedCents: bigint;
  reason: string;
}

const WALLET = `
SELECT posted_cents AS "postedCents", pending_cents AS "pendingCents", credit_limit_cents AS "creditLimitCents"
FROM accounts WHERE name = $1 FOR UPDATE`;
const FREEZE = `UPDATE accounts SET frozen = true WHERE name = $1`;
const NOTE = 'UPDATE top_ups SET reversed_cents = $2 WHERE id = $1';

/**
 * A charge the payer's bank took back. The wallet gives what it has available; what is spent or held already is the
 * company's loss, and the account is frozen until an operator has looked at it.
 * @returns what became of it
 */
export async function reverseTopUp(
  client: ClientBase,
  id: string,
  { reversedCents, reason }: Reversal,
  origin: Origin,
  now: Date,
): Promise<string> {
  const row = await topUpById(client, id, ' FOR UPDATE');
  if (row.status !== 'SUCCEEDED') return 'ignored: was never credited';
  const total = reversedCents < row.amount_cents ? reversedCents : row.amount_cents;
  const amount = total - row.reversed_cents;
  if (amount <= 0n) return 'ignored: taken back before';
  const user = topUpUser(row);
  const wallet = walletOf(user);
  const { rows } = await client.query<Parameters<typeof availableOf>[0]>(WALLET, [wallet]);
  const available = rows[0] === undefined ? 0n : availableOf(rows[0]);
  const fromWallet = available < amount ? available : amount;
  const common = { credit: clearingOf(row.payment_provider), kind: 'TOP_UP_REVERSAL' as const };
  const step = `${chargeKeyOf(id)}:reversed-${total}`;
  const reversesId = chargeKeyOf(id);
  const parts = [
    { ...common, id: `${step}:wallet`, debit: wallet, amountCents: fromWallet, reversesId },
    { ...common, id: `${step}:loss`, debit: companyRevenue, amountCents: amount - fromWallet, reversesId },
  ].filter(({ amountCents }) => amountCents > 0n);
  await postTransfers(client, parts, { postedAt: now });
  await client.query(NOTE, [id, total]);
  await client.query(FREEZE, [wallet]);
  const details = { top_up_id: id, reversed_cents: amount, from_wallet_cents: fromWallet };
  await recordChanges(client, origin, now, [
    { action: 'topup.reversed', subject: wallet, user, reason, details },
    { action: 'account.frozen', subject: `user:${userKey(user)}`, user, reason, details: { frozen: true } },
  ]);
  return 'reversed';
}
