import { type ClientBase, type Pool, type QueryConfig } from 'pg';
import { walletOf } from '../ledger/account-names.ts';
import { candidateToJson } from './candidate.ts';
import { type Hold, holdFromRow, type HoldRow, type HoldWithResolution, type Resolution } from './hold.ts';

type Db = Pool | ClientBase;

/** The columns of `holds h` under their names in code. */
export const holdColumns = `
h.id, h.transaction_id AS "transactionId", h.request_id AS "requestId", h.requester_id AS "requesterId",
h.network_id AS "networkId", h.model, h.held_cents AS "heldCents",
h.input_tokens AS "inputTokens", h.output_budget_tokens AS "outputBudgetTokens", h.input_method AS "inputMethod",
h.tokenizer, h.candidates, h.commission_rate_bps AS "commissionRateBps", h.caller,
h.idempotency_key AS "idempotencyKey", h.request_hash AS "requestHash", h.created_at AS "createdAt",
h.expires_at AS "expiresAt"`;
/** The columns of `hold_resolutions r`, all null while the hold is open. */
export const resolutionColumns = `
r.kind, r.released_cents AS "releasedCents", r.caller AS "resolvedBy", r.idempotency_key AS "resolvedWithKey",
r.request_hash AS "resolutionHash", r.resolved_at AS "resolvedAt"`;
const FIND = `
SELECT ${holdColumns}, ${resolutionColumns}
FROM holds h LEFT JOIN hold_resolutions r ON r.hold_id = h.id WHERE `;

/** Both together. */
export type FoundRow = HoldRow & {
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
  return rows[0] && holdWithResolution(rows[0]);
}

export function holdWithResolution(row: FoundRow): HoldWithResolution {
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

const EARLIER = `
SELECT ${holdColumns} FROM holds h WHERE h.transaction_id = ANY ($1)
UNION ALL
SELECT ${holdColumns} FROM unnest($2::text[], $3::text[]) AS k (caller, key)
JOIN holds h ON h.caller = k.caller AND h.idempotency_key = k.key`;

/** Holds of any of these transactions, or made with any of these keys. */
export async function findEarlierHolds(
  client: ClientBase,
  wanted: readonly Pick<Hold, 'transactionId' | 'caller' | 'idempotencyKey'>[],
): Promise<Hold[]> {
  const { rows } = await client.query<HoldRow>({
    name: 'holds-earlier',
    text: EARLIER,
    values: [
      wanted.map(({ transactionId }) => transactionId),
      wanted.map(({ caller }) => caller),
      wanted.map(({ idempotencyKey }) => idempotencyKey),
    ],
  });
  return rows.map(holdFromRow);
}

/** A wallet's row, locked until the transaction ends. */
export interface LockedWallet {
  id: bigint;
  postedCents: bigint;
  pendingCents: bigint;
  creditLimitCents: bigint;
  /** What its owner lets requests cost, see SetSpendingLimit; null for unlimited. */
  dailyLimitCents: bigint | null;
  monthlyLimitCents: bigint | null;
  defaultMaxCostCents: bigint | null;
  frozen: boolean;
}

const LOCK_WALLETS = `
SELECT id, name, posted_cents AS "postedCents", pending_cents AS "pendingCents",
  credit_limit_cents AS "creditLimitCents", daily_limit_cents AS "dailyLimitCents",
  monthly_limit_cents AS "monthlyLimitCents", default_max_cost_cents AS "defaultMaxCostCents", frozen
FROM accounts WHERE name = ANY ($1) ORDER BY id FOR UPDATE`;

/** Locks those of the wallets that exist, in id order, and returns them by name. */
export async function lockWallets(client: ClientBase, names: readonly string[]): Promise<Map<string, LockedWallet>> {
  const query = { name: 'wallets-lock', text: LOCK_WALLETS, values: [names] };
  const { rows } = await client.query<LockedWallet & { name: string }>(query);
  return new Map(rows.map((wallet) => [wallet.name, wallet]));
}

const MAKE_WALLETS = `
INSERT INTO accounts (name, base, kind) SELECT name, name, 'wallet' FROM unnest($1::text[]) AS w (name)
ORDER BY name ON CONFLICT (name) DO NOTHING`;
const INSERT = `
WITH added AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS h (id text, transaction_id text, request_id text, requester_id text,
    network_id text, wallet text, model text, held_cents bigint, input_tokens bigint, output_budget_tokens bigint,
    input_method text, tokenizer text, candidates jsonb, commission_rate_bps integer, caller text, idempotency_key text,
    request_hash text, expires_at timestamptz)
), held AS (
  INSERT INTO holds (id, transaction_id, request_id, requester_id, network_id, wallet_id, model, held_cents,
    input_tokens, output_budget_tokens, input_method, tokenizer, candidates, commission_rate_bps, caller,
    idempotency_key, request_hash, created_at, expires_at)
  SELECT h.id, h.transaction_id, h.request_id, h.requester_id, h.network_id, a.id, h.model, h.held_cents,
    h.input_tokens, h.output_budget_tokens, h.input_method, h.tokenizer, h.candidates, h.commission_rate_bps, h.caller,
    h.idempotency_key, h.request_hash, $2, h.expires_at
  FROM added h JOIN accounts a ON a.name = h.wallet
), opened AS (
  INSERT INTO open_holds (hold_id, expires_at) SELECT id, expires_at FROM added
)
UPDATE accounts SET pending_cents = pending_cents + s.cents
FROM (SELECT wallet, sum(held_cents)::bigint AS cents FROM added GROUP BY wallet) s
WHERE accounts.name = s.wallet AND s.cents > 0`;

/**
 * The statements that store holds, open them and take their amounts off what the wallets have available: one update
 * per wallet. They fail with a unique violation when another process stored a hold of the same transaction or key in
 * between, see `asHoldConflict`.
 * @param wallets those that exist and are locked; others are made, as a hold of nothing needs one too
 */
export function insertHoldsQueries(holds: readonly Hold[], wallets: ReadonlyMap<string, unknown>): QueryConfig[] {
  const walletOfHold = ({ networkId, requesterId }: Hold) => walletOf({ networkId, userId: requesterId });
  const missing = new Set(holds.map(walletOfHold).filter((name) => !wallets.has(name)));
  const rows = holds.map((hold) => toRow(hold, walletOfHold(hold)));
  return [
    ...(missing.size > 0 ? [{ name: 'wallets-make', text: MAKE_WALLETS, values: [[...missing]] }] : []),
    { name: 'holds-insert', text: INSERT, values: [JSON.stringify(rows), holds[0]?.createdAt] },
  ];
}

/** Integers travel as text: JSON numbers lose digits beyond 2^53. */
function toRow(hold: Hold, wallet: string) {
  return {
    id: hold.id,
    transaction_id: hold.transactionId,
    request_id: hold.requestId,
    requester_id: hold.requesterId,
    network_id: hold.networkId,
    wallet,
    model: hold.model,
    held_cents: String(hold.heldCents),
    input_tokens: String(hold.inputTokens),
    output_budget_tokens: String(hold.outputBudgetTokens),
    input_method: hold.inputMethod,
    tokenizer: hold.tokenizer,
    candidates: hold.candidates.map(candidateToJson),
    commission_rate_bps: hold.commissionRateBps,
    caller: hold.caller,
    idempotency_key: hold.idempotencyKey,
    request_hash: hold.requestHash,
    expires_at: hold.expiresAt,
  };
}
