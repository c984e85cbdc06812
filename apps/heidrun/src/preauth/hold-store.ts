import { type ClientBase, type Pool } from 'pg';
import { type UserKey, walletOf } from '../ledger/account-names.ts';
import { candidateToJson } from './candidate.ts';
import { type Hold, holdFromRow, type HoldRow, type HoldWithResolution, type Resolution } from './hold.ts';

type Db = Pool | ClientBase;

/** The columns of `holds h` under their names in code. */
export const holdColumns = `
h.id, h.transaction_id AS "transactionId", h.request_id AS "requestId", h.requester_id AS "requesterId",
h.network_id AS "networkId", h.wallet_id AS "walletId", h.model, h.held_cents AS "heldCents",
h.input_tokens AS "inputTokens", h.output_budget_tokens AS "outputBudgetTokens", h.input_method AS "inputMethod",
h.tokenizer, h.candidates, h.commission_rate_bps AS "commissionRateBps", h.caller,
h.idempotency_key AS "idempotencyKey", h.request_hash AS "requestHash", h.created_at AS "createdAt",
h.expires_at AS "expiresAt"`;
const FIND = `
SELECT ${holdColumns}, r.kind, r.released_cents AS "releasedCents", r.caller AS "resolvedBy",
  r.idempotency_key AS "resolvedWithKey", r.request_hash AS "resolutionHash", r.resolved_at AS "resolvedAt"
FROM holds h LEFT JOIN hold_resolutions r ON r.hold_id = h.id WHERE `;

type FoundRow = HoldRow & {
  kind: Resolution['kind'] | null;
  releasedCents: bigint;
  resolvedBy: string;
  resolvedWithKey: string | null;
  resolutionHash: string;
  resolvedAt: Date;
};

export async function findHold(db: Db, id: string): Promise<HoldWithResolution | undefined> {
  return found(await db.query<FoundRow>({ name: 'hold-by-id', text: `${FIND} h.id = $1`, values: [id] }));
}

export async function findHoldOfTransaction(db: Db, transactionId: string): Promise<HoldWithResolution | undefined> {
  const text = `${FIND} h.transaction_id = $1`;
  return found(await db.query<FoundRow>({ name: 'hold-by-transaction', text, values: [transactionId] }));
}

function found({ rows }: { rows: FoundRow[] }): HoldWithResolution | undefined {
  const row = rows[0];
  if (row === undefined) return undefined;
  const hold = holdFromRow(row);
  if (row.kind === null) return { hold };
  const { kind, releasedCents, resolvedAt } = row;
  return {
    hold,
    resolution: {
      kind,
      releasedCents,
      caller: row.resolvedBy,
      idempotencyKey: row.resolvedWithKey,
      requestHash: row.resolutionHash,
      resolvedAt,
    },
  };
}

/** A wallet's row, locked until the transaction ends. */
export interface LockedWallet {
  id: bigint;
  postedCents: bigint;
  pendingCents: bigint;
  creditLimitCents: bigint;
  frozen: boolean;
}

const LOCK_WALLET = `
SELECT id, posted_cents AS "postedCents", pending_cents AS "pendingCents", credit_limit_cents AS "creditLimitCents",
  frozen
FROM accounts WHERE name = $1 FOR UPDATE`;
const MAKE_WALLET = `INSERT INTO accounts (name, base, kind) VALUES ($1, $1, 'wallet') ON CONFLICT (name) DO NOTHING`;

/** Locks a user's wallet, making it where there is none yet. */
export async function lockWallet(client: ClientBase, user: UserKey): Promise<LockedWallet> {
  const values = [walletOf(user)];
  for (;;) {
    const { rows } = await client.query<LockedWallet>({ name: 'wallet-lock', text: LOCK_WALLET, values });
    if (rows[0] !== undefined) return rows[0];
    await client.query(MAKE_WALLET, values);
  }
}

const INSERT = `
WITH hold AS (
  INSERT INTO holds (id, transaction_id, request_id, requester_id, network_id, wallet_id, model, held_cents,
    input_tokens, output_budget_tokens, input_method, tokenizer, candidates, commission_rate_bps, caller,
    idempotency_key, request_hash, created_at, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14, $15, $16, $17, $18, $19)
  ON CONFLICT DO NOTHING RETURNING id
), opened AS (
  INSERT INTO open_holds (hold_id, expires_at) SELECT id, $19 FROM hold
), wallet AS (
  UPDATE accounts SET pending_cents = pending_cents + $8 WHERE id = $6 AND EXISTS (SELECT FROM hold)
)
SELECT id FROM hold`;

/**
 * Stores a hold, opens it and takes its amount off what the wallet has available.
 * @returns false when the transaction has a hold already, or the key was used before: nothing is changed then
 */
export async function insertHold(client: ClientBase, hold: Hold): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'hold-insert',
    text: INSERT,
    values: [
      hold.id,
      hold.transactionId,
      hold.requestId,
      hold.requesterId,
      hold.networkId,
      hold.walletId,
      hold.model,
      hold.heldCents,
      hold.inputTokens,
      hold.outputBudgetTokens,
      hold.inputMethod,
      hold.tokenizer,
      JSON.stringify(hold.candidates.map(candidateToJson)),
      hold.commissionRateBps,
      hold.caller,
      hold.idempotencyKey,
      hold.requestHash,
      hold.createdAt,
      hold.expiresAt,
    ],
  });
  return rowCount === 1;
}
