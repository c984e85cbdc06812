import { type common } from '@edda/contracts';
import { type TransactionState } from './transaction-machine.ts';

/** What one provider delivered so far, as checkpointed: numbers, because JSON has no int64 (both ≤ 10^12). */
export interface CheckpointLeg {
  providerId: string;
  ownerId: string;
  networkId: string;
  attempt: number;
  /** Input to be billed to this leg; 0 where none is. */
  inputTokens: number;
  outputTokens: number;
  /** Whether either count is only an estimate. */
  estimated: boolean;
}

/** A row of `transactions`, with its columns' names in camel case. */
export interface TransactionRow {
  transactionId: string;
  requestId: string;
  requesterId: string;
  networkId: string;
  model: string;
  state: TransactionState;
  method: 'execute' | 'create';
  idempotencyKey: string | null;
  requestHash: string;
  owner: string;
  epoch: bigint;
  cancelRequested: boolean;
  checkpoint: CheckpointLeg[] | null;
  maxCostCents: bigint | null;
  estimatedInputTokens: bigint;
  outputBudgetTokens: bigint;
  deadline: Date;
  preauthId: string | null;
  heldCents: bigint;
  commissionRateBps: number;
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
  refundedCents: bigint;
  failureReason: string;
  failureMessage: string;
  receipt: Buffer | null;
  createdAt: Date;
  startedAt: Date | null;
  completedAt: Date | null;
  updatedAt: Date;
  version: bigint;
  eventCount: bigint;
}

const columns = [
  'transaction_id',
  'request_id',
  'requester_id',
  'network_id',
  'model',
  'state',
  'method',
  'idempotency_key',
  'request_hash',
  'owner',
  'epoch',
  'cancel_requested',
  'checkpoint',
  'max_cost_cents',
  'estimated_input_tokens',
  'output_budget_tokens',
  'deadline',
  'preauth_id',
  'held_cents',
  'commission_rate_bps',
  'finish_reason',
  'cost_limited',
  'token_method',
  'tokenizer',
  'input_tokens',
  'output_tokens',
  'total_cost_cents',
  'provider_earnings_cents',
  'company_fee_cents',
  'released_cents',
  'refunded_cents',
  'failure_reason',
  'failure_message',
  'receipt',
  'created_at',
  'started_at',
  'completed_at',
  'updated_at',
  'version',
  'event_count',
] as const;

const camelCase = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The select list that yields a TransactionRow, of a table named or aliased `t`. */
export const transactionColumns = columns.map((name) => `t.${name} AS "${camelCase(name)}"`).join(', ');
