import { randomUUID } from 'node:crypto';
import { clearingOf, insertPrice, postTransfers, walletOf } from '@edda/app-heidrun/store';
import { inTransaction } from '@edda/pg-kit';
import { type Pool } from 'pg';
import { model, network, providerId, providers, walletUser } from './lifecycle-items.ts';

/** Enough for every round of every run. */
const fundsCents = 10n ** 14n;

const METHODS = `
INSERT INTO payment_methods (id, network_id, user_id, kind, purposes, status, payment_provider, token_key_id,
  token_sealed, created_at, verified_at)
SELECT 'method-' || user_id, $2, user_id, 'CARD', '{PAY}', 'VERIFIED', 'sandbox', 'bench', '\\x00', $3, $3
FROM unnest($1::text[]) AS u (user_id)`;

/** Prices of all providers, and wallets with money and a verified payment method. */
export async function seed(pool: Pool, wallets: number): Promise<void> {
  const now = new Date();
  for (let index = 0; index < providers; index++) {
    await insertPrice(pool, {
      id: randomUUID(),
      providerId: providerId(index),
      model,
      version: 1n,
      price: { priceCents: 30n, outputPriceCents: 90n, unitTokens: 1_000n },
      validFrom: now,
      ownerId: `owner-${index}`,
      networkId: network,
      createdAt: now,
    });
  }
  const users = Array.from({ length: wallets }, (_, index) => walletUser(index));
  await pool.query(METHODS, [users, network, now]);
  const topUps = users.map((userId) => ({
    id: `topup:${userId}`,
    debit: clearingOf('sandbox'),
    credit: walletOf({ networkId: network, userId }),
    amountCents: fundsCents,
    kind: 'TOP_UP' as const,
  }));
  await inTransaction(pool, (client) => postTransfers(client, topUps, { postedAt: now }));
  // As autovacuum does within a minute; a benchmark begins at once.
  await pool.query('ANALYZE accounts, payment_methods, prices');
}
