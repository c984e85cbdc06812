import { type common } from '@edda/contracts';
import { type Pool } from 'pg';
import { eventValues, insertEventsFrom, type SequencedEvent } from '../events/new-event.ts';
import { auditedCreation, auditedEnd, auditedStart, auditOnce } from './transaction-audit.ts';
import { END, type EndedLeg, legValues, replacingAnswer } from './end-transaction-sql.ts';
import { transactionMachine, type TransactionState } from './transaction-machine.ts';
import { type CheckpointLeg, transactionColumns, type TransactionRow } from './transaction-row.ts';

export interface NewTransaction {
  transactionId: string;
  requestId: string;
  requesterId: string;
  networkId: string;
  model: string;
  method: TransactionRow['method'];
  idempotencyKey: string | null;
  requestHash: string;
  maxCostCents: bigint | null;
  estimatedInputTokens: bigint;
  createdAt: Date;
  deadline: Date;
  routing: { epoch: bigint; decision: Uint8Array; query: string };
  event: SequencedEvent;
}

/** Which transaction, and by whose right it is written. */
export interface Held {
  transactionId: string;
  epoch: bigint;
}

/** … and whose it is, for the audit record of what is done to it. */
export interface Transition extends Held {
  requestId: string;
  networkId: string;
}

export interface EndOfTransaction {
  state: Extract<TransactionState, 'COMPLETED' | 'FAILED' | 'CANCELLED'>;
  finishReason: common.FinishReason;
  costLimited: boolean;
  tokenMethod: common.TokenMethod;
  tokenizer: string;
  inputTokens: bigint;
  outputTokens: bigint;
  totalCostCents: bigint;
  providerEarningsCents: bigint;
  companyFeeCents: bigint;
  releasedCents: bigint;
  failureReason: string;
  failureMessage: string;
  receipt: Uint8Array | null;
  /** Appended to the stored routing decision. */
  attempts: Uint8Array;
  legs: readonly EndedLeg[];
  /** Kept for replays and GetRequest; absent where answers are not kept. */
  result: { sealed: Uint8Array; expiresAt: Date } | undefined;
  /** A failed call may be made again with the same key. */
  releaseKey: boolean;
  events: readonly SequencedEvent[];
  at: Date;
}

export interface TransactionStore {
  /** PENDING row, routing decision, event and audit record in one statement. @returns false when the key is taken */
  insert(transaction: NewTransaction): Promise<boolean>;
  /** PENDING → PROCESSING. @returns false when the row is no longer ours or in another state */
  start(held: Transition, hold: StartedHold): Promise<boolean>;
  /** The end with legs, answer, events and audit record in one statement. @returns false when the row is no longer ours or has ended */
  end(held: Transition, end: EndOfTransaction): Promise<boolean>;
  /** Renews leases, writes checkpoints and the answers so far. */
  renew(updates: readonly Renewal[], leaseUntil: Date): Promise<Renewed>;
  /** Lets any replica settle this one at once; it is ours no longer. @param result the answer, where it is kept: recovery has no other way to it */
  abandon(
    held: Held,
    checkpoint: CheckpointLeg[] | null,
    now: Date,
    result?: EndOfTransaction['result'],
  ): Promise<void>;
  /** Whether the holder of this epoch has ended it in this state: asked when the answer to `end` was lost. */
  endedBy(held: Held, state: EndOfTransaction['state']): Promise<boolean>;
  /** Takes over up to `limit` open transactions whose lease has expired; their epoch counts up. */
  claimExpired(now: Date, leaseUntil: Date, limit: number): Promise<TransactionRow[]>;
}

export interface Renewal extends Held {
  /** null leaves the one before. */
  checkpoint: CheckpointLeg[] | null;
  /** The answer so far, where it is kept; undefined leaves the one before. */
  result?: EndOfTransaction['result'];
}

/** What a renewal tells about transactions, by their ids. */
export interface Renewed {
  /** Somebody asked to cancel them. */
  cancelled: string[];
  /** No longer ours, or ended. */
  lost: string[];
}

export interface StartedHold {
  preauthId: string;
  heldCents: bigint;
  outputBudgetTokens: bigint;
  commissionRateBps: number;
  at: Date;
}

const INSERT = `
WITH created AS (
  INSERT INTO transactions (transaction_id, request_id, requester_id, network_id, model, state, method, idempotency_key,
    request_hash, owner, lease_until, max_cost_cents, estimated_input_tokens, created_at, updated_at, deadline)
  VALUES ($1, $2, $3, $4, $5, '${transactionMachine.initial}', $6, $7, $8, $9, $10, $11, $12, $13, $13, $14)
  ON CONFLICT (network_id, requester_id, method, idempotency_key) DO NOTHING
  RETURNING transaction_id, request_id
), decided AS (
  INSERT INTO routing_decisions (transaction_id, epoch, decision, query)
  SELECT transaction_id, $15, $16, $17 FROM created
), noted AS (${insertEventsFrom('created', 18)}), audited AS (${auditOnce('created', 24)})
SELECT FROM created`;

const START = `
WITH started AS (
  UPDATE transactions SET state = '${transactionMachine.next('PENDING', 'start')}', preauth_id = $3, held_cents = $4,
    output_budget_tokens = $5, commission_rate_bps = $6, started_at = $7, updated_at = $7, version = version + 1
  WHERE transaction_id = $1 AND epoch = $2 AND state = 'PENDING'
  RETURNING transaction_id
), audited AS (${auditOnce('started', 8)})
SELECT FROM started`;

const RENEW = `
WITH renewed AS (
  UPDATE transactions t SET lease_until = $4, checkpoint = COALESCE(u.checkpoint, t.checkpoint)
  FROM unnest($1::text[], $2::bigint[], $3::jsonb[], $5::bytea[], $6::timestamptz[])
    AS u (transaction_id, epoch, checkpoint, sealed, expires_at)
  WHERE t.transaction_id = u.transaction_id AND t.epoch = u.epoch AND t.state IN ('PENDING', 'PROCESSING')
  RETURNING t.transaction_id AS id, t.cancel_requested AS cancel, t.request_id, u.sealed, u.expires_at
), kept AS (
  INSERT INTO request_results (request_id, sealed, expires_at)
  SELECT request_id, sealed, expires_at FROM renewed WHERE sealed IS NOT NULL
  ${replacingAnswer}
)
SELECT id, cancel FROM renewed`;

// The epoch counts up, so that a renewal that is still under way does not prolong what was given up.
const ABANDON = `
WITH left_open AS (
  UPDATE transactions SET lease_until = $4, epoch = epoch + 1, checkpoint = COALESCE($3::jsonb, checkpoint)
  WHERE transaction_id = $1 AND epoch = $2 AND state IN ('PENDING', 'PROCESSING')
  RETURNING request_id
)
INSERT INTO request_results (request_id, sealed, expires_at)
SELECT request_id, $5::bytea, $6::timestamptz FROM left_open WHERE $5::bytea IS NOT NULL
${replacingAnswer}`;

const ENDED_BY = 'SELECT FROM transactions WHERE transaction_id = $1 AND epoch = $2 AND state = $3';

const CLAIM = `
UPDATE transactions t SET owner = $1, epoch = t.epoch + 1, lease_until = $3
WHERE t.transaction_id IN (
  SELECT transaction_id FROM transactions WHERE state IN ('PENDING', 'PROCESSING') AND lease_until <= $2
  ORDER BY lease_until LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING ${transactionColumns}`;

const endEvents = { COMPLETED: 'complete', FAILED: 'fail', CANCELLED: 'cancel' } as const;
const json = (checkpoint: CheckpointLeg[] | null) => (checkpoint === null ? null : JSON.stringify(checkpoint));

/** The hot path's SQL. @param owner this replica's name @param leaseMs how long a row stays ours without renewal */
export function createTransactionStore(deps: { pool: Pool; owner: string; leaseMs: () => number }): TransactionStore {
  const { pool, owner, leaseMs } = deps;
  const changed = async (name: string, text: string, values: unknown[]) =>
    (await pool.query({ name, text, values })).rowCount === 1;
  return {
    insert: (t) =>
      changed('transaction-insert', INSERT, [
        ...[
          t.transactionId,
          t.requestId,
          t.requesterId,
          t.networkId,
          t.model,
          t.method,
          t.idempotencyKey,
          t.requestHash,
        ],
        ...[owner, new Date(t.createdAt.getTime() + leaseMs()), t.maxCostCents, t.estimatedInputTokens],
        ...[t.createdAt, t.deadline, t.routing.epoch, t.routing.decision, t.routing.query],
        ...eventValues([t.event], t.createdAt),
        ...auditedCreation(t),
      ]),
    start: (held, hold) =>
      changed('transaction-start', START, [
        ...[held.transactionId, held.epoch, hold.preauthId, hold.heldCents, hold.outputBudgetTokens],
        ...[hold.commissionRateBps, hold.at],
        ...auditedStart(held, hold),
      ]),
    end: (held, end) =>
      changed('transaction-end', END, [
        ...[
          held.transactionId,
          held.epoch,
          end.state,
          transactionMachine.sourcesOf(endEvents[end.state]),
          end.finishReason,
        ],
        ...[end.costLimited, end.tokenMethod, end.tokenizer, end.inputTokens, end.outputTokens, end.totalCostCents],
        ...[end.providerEarningsCents, end.companyFeeCents, end.releasedCents, end.failureReason, end.failureMessage],
        ...[end.receipt, end.releaseKey, end.attempts, end.result?.sealed ?? null, end.result?.expiresAt ?? null],
        ...legValues(end.legs),
        ...eventValues(end.events, end.at),
        ...auditedEnd(held, end),
      ]),
    async renew(updates, leaseUntil) {
      const { rows } = await pool.query<{ id: string; cancel: boolean }>({
        name: 'transaction-renew',
        text: RENEW,
        values: [
          updates.map(({ transactionId }) => transactionId),
          updates.map(({ epoch }) => epoch),
          updates.map(({ checkpoint }) => json(checkpoint)),
          leaseUntil,
          updates.map(({ result }) => result?.sealed ?? null),
          updates.map(({ result }) => result?.expiresAt ?? null),
        ],
      });
      const renewed = new Set(rows.map(({ id }) => id));
      return {
        cancelled: rows.filter(({ cancel }) => cancel).map(({ id }) => id),
        lost: updates.map(({ transactionId }) => transactionId).filter((id) => !renewed.has(id)),
      };
    },
    async abandon({ transactionId, epoch }, checkpoint, now, result) {
      const kept = [result?.sealed ?? null, result?.expiresAt ?? null];
      await pool.query(ABANDON, [transactionId, epoch, json(checkpoint), now, ...kept]);
    },
    async endedBy({ transactionId, epoch }, state) {
      return (await pool.query(ENDED_BY, [transactionId, epoch, state])).rowCount === 1;
    },
    async claimExpired(now, leaseUntil, limit) {
      return (await pool.query<TransactionRow>(CLAIM, [owner, now, leaseUntil, limit])).rows;
    },
  };
}
