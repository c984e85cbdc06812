import { type Identity } from '@edda/grpc-kit';
import { type Pool } from 'pg';
import { type LegRow } from './to-transaction.ts';
import { transactionColumns, type TransactionRow } from './transaction-row.ts';

/** Who looks: users see what they pay for, owners what their providers earned from, admins everything. */
export interface Viewer {
  subject: string;
  networkId: string;
  admin: boolean;
}

export function viewerOf({ subject, networkId, roles, actor }: Identity): Viewer {
  return { subject, networkId, admin: actor === undefined && roles.has('admin') };
}

export interface KeyScope {
  networkId: string;
  requesterId: string;
  method: 'execute' | 'create';
  key: string;
}

export interface TransactionReads {
  byKey(scope: KeyScope): Promise<TransactionRow | undefined>;
  /** The requester's own, or any for an admin. */
  byRequest(requestId: string, viewer: Viewer): Promise<TransactionRow | undefined>;
  /** … or one in which the viewer's providers earned. */
  byTransaction(transactionId: string, viewer: Viewer): Promise<TransactionRow | undefined>;
  /** All legs, by transaction, for the requester; the viewer's own for a provider's owner. */
  legsOf(rows: readonly TransactionRow[], viewer: Viewer): Promise<Map<string, LegRow[]>>;
  sealedResult(requestId: string, now: Date): Promise<Buffer | undefined>;
  decision(requestId: string): Promise<StoredDecision | undefined>;
  stateOf(requestId: string): Promise<TransactionRow['state'] | undefined>;
  /** Marks a running request as to be cancelled; its replica sees it with the next renewal of its lease. */
  requestCancel(requestId: string): Promise<void>;
}

export interface StoredDecision {
  decision: Buffer;
  query: Record<string, unknown>;
  requesterId: string;
  networkId: string;
}

const MINE = 't.requester_id = $2 AND t.network_id = $3';
const EARNED =
  'EXISTS (SELECT FROM transaction_legs l WHERE l.transaction_id = t.transaction_id AND l.owner_id = $2 AND l.network_id = $3)';
const legColumns = `transaction_id AS "transactionId", provider_id AS "providerId", owner_id AS "ownerId",
  network_id AS "networkId", attempt, input_tokens AS "inputTokens", output_tokens AS "outputTokens",
  price_cents AS "priceCents", output_price_cents AS "outputPriceCents", price_unit_tokens AS "priceUnitTokens",
  price_version AS "priceVersion", earnings_cents AS "earningsCents", claimed_input_tokens AS "claimedInputTokens",
  claimed_output_tokens AS "claimedOutputTokens"`;

/** Whether the viewer looks at the row from a provider's side. */
export function looksAsProvider(row: TransactionRow, { subject, networkId, admin }: Viewer): boolean {
  return !admin && (row.requesterId !== subject || row.networkId !== networkId);
}

export function createTransactionReads({ pool }: { pool: Pool }): TransactionReads {
  const one = async (text: string, values: unknown[]) =>
    (await pool.query<TransactionRow>(`SELECT ${transactionColumns} FROM transactions t WHERE ${text}`, values))
      .rows[0];
  const viewing = (id: string, { subject, networkId, admin }: Viewer) => [id, subject, networkId, admin];
  return {
    byKey: ({ networkId, requesterId, method, key }) =>
      one('t.network_id = $1 AND t.requester_id = $2 AND t.method = $3 AND t.idempotency_key = $4', [
        ...[networkId, requesterId, method, key],
      ]),
    byRequest: (id, viewer) => one(`t.request_id = $1 AND ($4 OR (${MINE}))`, viewing(id, viewer)),
    byTransaction: (id, viewer) => one(`t.transaction_id = $1 AND ($4 OR (${MINE}) OR ${EARNED})`, viewing(id, viewer)),
    async legsOf(rows, viewer) {
      const { rows: legs } = await pool.query<LegRow>(
        `SELECT ${legColumns} FROM transaction_legs WHERE transaction_id = ANY ($1) ORDER BY transaction_id, position`,
        [rows.map(({ transactionId }) => transactionId)],
      );
      const asProvider = new Map(rows.map((row) => [row.transactionId, looksAsProvider(row, viewer)]));
      const own = (leg: LegRow) => leg.ownerId === viewer.subject && leg.networkId === viewer.networkId;
      const visible = legs.filter((leg) => asProvider.get(leg.transactionId) === false || own(leg));
      return Map.groupBy(visible, ({ transactionId }) => transactionId);
    },
    async sealedResult(requestId, now) {
      const { rows } = await pool.query<{ sealed: Buffer }>(
        'SELECT sealed FROM request_results WHERE request_id = $1 AND expires_at > $2',
        [requestId, now],
      );
      return rows[0]?.sealed;
    },
    async decision(requestId) {
      const { rows } = await pool.query<StoredDecision>(
        `SELECT d.decision, d.query, t.requester_id AS "requesterId", t.network_id AS "networkId"
         FROM routing_decisions d JOIN transactions t USING (transaction_id) WHERE t.request_id = $1`,
        [requestId],
      );
      return rows[0];
    },
    async stateOf(requestId) {
      const { rows } = await pool.query<Pick<TransactionRow, 'state'>>(
        'SELECT state FROM transactions WHERE request_id = $1',
        [requestId],
      );
      return rows[0]?.state;
    },
    async requestCancel(requestId) {
      await pool.query(
        `UPDATE transactions SET cancel_requested = true WHERE request_id = $1 AND state IN ('PENDING', 'PROCESSING')`,
        [requestId],
      );
    },
  };
}
