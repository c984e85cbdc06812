import { type Pool } from 'pg';
import { type TransactionSide } from './difference-of.ts';

export interface TransactionPosition {
  createdAt: Date;
  transactionId: string;
}

export interface TransactionSides {
  /** Those of these transactions that exist, by id. */
  byIds(transactionIds: readonly string[]): Promise<Map<string, TransactionSide & { networkId: string }>>;
  /** The next transactions made before `before`, in the order they were made. */
  page(after: TransactionPosition, before: Date, limit: number): Promise<TransactionPosition[]>;
}

const BY_IDS = `
SELECT transaction_id AS "transactionId", request_id AS "requestId", network_id AS "networkId", state,
  total_cost_cents AS "totalCostCents", provider_earnings_cents AS "providerEarningsCents",
  company_fee_cents AS "companyFeeCents"
FROM transactions WHERE transaction_id = ANY ($1)`;
const PAGE = `
SELECT transaction_id AS "transactionId", created_at AS "createdAt" FROM transactions
WHERE created_at >= $1 AND (created_at, transaction_id) > ($1, $2) AND created_at < $3
ORDER BY created_at, transaction_id LIMIT $4`;

export function createTransactionSides({ pool }: { pool: Pool }): TransactionSides {
  return {
    async byIds(transactionIds) {
      const { rows } = await pool.query<TransactionSide & { networkId: string }>(BY_IDS, [transactionIds]);
      return new Map(rows.map((row) => [row.transactionId, row]));
    },
    async page({ createdAt, transactionId }, before, limit) {
      return (await pool.query<TransactionPosition>(PAGE, [createdAt, transactionId, before, limit])).rows;
    },
  };
}
