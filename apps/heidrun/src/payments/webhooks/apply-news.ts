import { type ClientBase } from 'pg';
import { systemOrigin } from '../../record-changes.ts';
import { applyChargeResult } from '../apply-charge-result.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { applyPayoutResult } from '../payouts/apply-payout-result.ts';
import { type MovementRef, type ProviderNews } from '../provider/payment-provider.ts';
import { reverseTopUp } from './reverse-top-up.ts';

const tables = { topup: 'top_ups', payout: 'payouts' } as const;
type Kind = keyof typeof tables;

/** Applies news of a notification within the transaction that remembers it. @returns what became of it */
export async function applyNews(deps: PaymentDeps, client: ClientBase, news: ProviderNews): Promise<string> {
  const origin = systemOrigin('payment-notification');
  const now = deps.clock.now();
  const kind = news.about === 'payout' ? 'payout' : 'topup';
  const id = await find(deps, client, kind, news.movement);
  if (id === undefined) return `ignored: no ${kind} of ours`;
  switch (news.about) {
    case 'charge':
      return (await applyChargeResult(client, id, { ...news, origin, now, settings: deps.settings() })).status;
    case 'reversal':
      return reverseTopUp(client, id, news, origin, now);
    case 'payout':
      return (await applyPayoutResult(client, id, news.result, origin, now)).status;
  }
}

/** By our own key where it came along: the notification may be faster than the answer that brings the reference. */
async function find(
  deps: PaymentDeps,
  client: ClientBase,
  kind: Kind,
  { idempotencyKey, reference }: MovementRef,
): Promise<string | undefined> {
  const prefix = `${kind}:`;
  const key = idempotencyKey?.startsWith(prefix) === true ? idempotencyKey.slice(prefix.length) : null;
  const { rows } = await client.query<{ id: string }>(
    `SELECT id FROM ${tables[kind]} WHERE payment_provider = $1
       AND (id = $2 OR ($2::text IS NULL AND provider_reference = $3 AND $3 <> ''))`,
    [deps.provider.name, key, reference],
  );
  return rows[0]?.id;
}
