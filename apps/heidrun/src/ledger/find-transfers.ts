import { type ClientBase, type Pool } from 'pg';
import { type PostedTransfer, type TransferKind } from './post-transfers.ts';

interface Row {
  id: string;
  debit: string;
  credit: string;
  amountCents: bigint;
  kind: TransferKind;
  transactionId: string;
  requestId: string;
  providerId: string;
  reversesId: string;
  postedAt: Date;
}

const FIND = `
SELECT t.id, d.base AS debit, c.base AS credit, t.amount_cents AS "amountCents", t.kind,
  t.transaction_id AS "transactionId", t.request_id AS "requestId", t.provider_id AS "providerId",
  t.reverses_id AS "reversesId", t.posted_at AS "postedAt"
FROM transfers t JOIN accounts d ON d.id = t.debit_account_id JOIN accounts c ON c.id = t.credit_account_id
WHERE t.transaction_id = $1 AND starts_with(t.id, $2) ORDER BY t.sequence`;

/** A transaction's transfers whose ids begin with `prefix`, in the order they were posted. */
export async function findTransfers(
  db: Pool | ClientBase,
  transactionId: string,
  prefix: string,
): Promise<PostedTransfer[]> {
  const { rows } = await db.query<Row>({ name: 'transfers-find', text: FIND, values: [transactionId, prefix] });
  return rows.map((row) => ({ ...row, stored: false }));
}
