import { common, enumName } from '@edda/contracts';
import { type ClientBase, type Pool } from 'pg';
import { companyRevenue, earningsOf, walletOf } from '../ledger/account-names.ts';
import { type NewTransfer } from '../ledger/post-transfers.ts';
import { type Hold } from './hold.ts';
import { type ProviderBook, type SettledCapture, type SettledLeg } from './settle-capture.ts';

const CLAIM = `
SELECT provider_id AS "providerId", commission_carry AS "commissionCarry", claims,
  mean_deviation_ppm AS "meanDeviationPpm"
FROM claim_hold($1, $2)`;

/**
 * Takes a hold out of the open ones and locks its providers' books: whoever gets them decides how it ends.
 * @returns undefined when the hold is not open any more
 */
export async function claimHold(client: ClientBase, holdId: string, providerIds: readonly string[]) {
  const values = [holdId, providerIds];
  const { rows } = await client.query<ProviderBook>({ name: 'hold-claim', text: CLAIM, values });
  return rows.length === 0 ? undefined : new Map(rows.map((book) => [book.providerId, book]));
}

const RECORD = `
WITH resolved AS (
  INSERT INTO hold_resolutions (hold_id, kind, released_cents, caller, idempotency_key, request_hash, resolved_at)
  VALUES ($1, 'CAPTURED', $2, $3, $4, $5, $6)
), captured AS (
  INSERT INTO captures (hold_id, captured_cents, earnings_cents, fee_cents, capped_at_hold, finish_reason,
    carry_provider_id, carry_before, carry_after)
  VALUES ($1, $7, $8, $9, $10, $11, $12, $13, $14)
), legs AS (
  INSERT INTO capture_legs (hold_id, position, provider_id, input_tokens, output_tokens, counted_input_tokens,
    counted_output_tokens, claimed_input_tokens, claimed_output_tokens, deviation_ppm, method, tokenizer,
    cost_share_cents, earnings_cents)
  SELECT $1, l.* FROM jsonb_to_recordset($15::jsonb) AS l (position integer, provider_id text, input_tokens bigint,
    output_tokens bigint, counted_input_tokens bigint, counted_output_tokens bigint, claimed_input_tokens bigint,
    claimed_output_tokens bigint, deviation_ppm bigint, method text, tokenizer text, cost_share_cents bigint,
    earnings_cents bigint)
)
UPDATE provider_books SET commission_carry = b.commission_carry, claims = b.claims,
  mean_deviation_ppm = b.mean_deviation_ppm
FROM jsonb_to_recordset($16::jsonb) AS b (provider_id text, commission_carry bigint, claims bigint,
  mean_deviation_ppm bigint)
WHERE provider_books.provider_id = b.provider_id`;

/** Who captured, with which key and content. */
export interface CaptureOrigin {
  caller: string;
  idempotencyKey: string;
  requestHash: string;
  finishReason: string;
  at: Date;
}

/** Stores the capture, its legs and the providers' books, in one round trip. */
export async function recordCapture(
  client: ClientBase,
  hold: Hold,
  settled: SettledCapture,
  origin: CaptureOrigin,
): Promise<void> {
  await client.query({
    name: 'capture-record',
    text: RECORD,
    values: [
      hold.id,
      settled.releasedCents,
      origin.caller,
      origin.idempotencyKey,
      origin.requestHash,
      origin.at,
      settled.capturedCents,
      settled.earningsCents,
      settled.feeCents,
      settled.cappedAtHold,
      origin.finishReason,
      settled.carryProviderId,
      settled.carryBefore,
      settled.carryAfter,
      JSON.stringify(settled.legs.map(legJson)),
      JSON.stringify(settled.books.map(bookJson)),
    ],
  });
}

/** Integers travel as text: JSON numbers lose digits beyond 2^53. */
const text = (value: bigint | undefined): string | null => (value === undefined ? null : String(value));

function legJson(leg: SettledLeg, position: number) {
  return {
    position,
    provider_id: leg.candidate.providerId,
    input_tokens: text(leg.inputTokens),
    output_tokens: text(leg.outputTokens),
    counted_input_tokens: text(leg.countedInputTokens),
    counted_output_tokens: text(leg.countedOutputTokens),
    claimed_input_tokens: text(leg.claimedInputTokens),
    claimed_output_tokens: text(leg.claimedOutputTokens),
    deviation_ppm: text(leg.deviationPpm),
    method: enumName(common.TokenMethod, leg.method) ?? 'REPORTED',
    tokenizer: leg.tokenizer,
    cost_share_cents: text(leg.costShareCents),
    earnings_cents: text(leg.earningsCents),
  };
}

function bookJson(book: ProviderBook) {
  return {
    provider_id: book.providerId,
    commission_carry: text(book.commissionCarry),
    claims: text(book.claims),
    mean_deviation_ppm: text(book.meanDeviationPpm),
  };
}

/** The ledger entries of a capture: each leg's earnings to its provider's owner, the fee to the company. */
export function captureTransfers(hold: Hold, settled: SettledCapture): NewTransfer[] {
  const debit = walletOf({ networkId: hold.networkId, userId: hold.requesterId });
  const common = { debit, transactionId: hold.transactionId, requestId: hold.requestId };
  const earnings = settled.legs.map((leg, index): NewTransfer => {
    const { providerId, ownerId, networkId } = leg.candidate;
    return {
      ...common,
      id: `capture:${hold.id}:leg-${index}`,
      credit: earningsOf({ networkId, userId: ownerId }),
      amountCents: leg.earningsCents,
      kind: 'EARNINGS',
      providerId,
    };
  });
  const fee: NewTransfer = {
    ...common,
    id: `capture:${hold.id}:fee`,
    credit: companyRevenue,
    amountCents: settled.feeCents,
    kind: 'FEE',
  };
  return [...earnings, fee].filter(({ amountCents }) => amountCents > 0n);
}

/** A capture as it was stored. */
export interface StoredCapture {
  capturedCents: bigint;
  earningsCents: bigint;
  feeCents: bigint;
  cappedAtHold: boolean;
  legs: StoredLeg[];
}

export interface StoredLeg {
  providerId: string;
  inputTokens: bigint;
  outputTokens: bigint;
  countedInputTokens: bigint;
  countedOutputTokens: bigint;
  deviationPpm: bigint | null;
  method: string;
  tokenizer: string;
  costShareCents: bigint;
  earningsCents: bigint;
}

const FIND = `
SELECT captured_cents AS "capturedCents", earnings_cents AS "earningsCents", fee_cents AS "feeCents",
  capped_at_hold AS "cappedAtHold"
FROM captures WHERE hold_id = $1`;
const LEGS = `
SELECT provider_id AS "providerId", input_tokens AS "inputTokens", output_tokens AS "outputTokens",
  counted_input_tokens AS "countedInputTokens", counted_output_tokens AS "countedOutputTokens",
  deviation_ppm AS "deviationPpm", method, tokenizer, cost_share_cents AS "costShareCents",
  earnings_cents AS "earningsCents"
FROM capture_legs WHERE hold_id = $1 ORDER BY position`;

export async function findCapture(db: Pool | ClientBase, holdId: string): Promise<StoredCapture | undefined> {
  const { rows } = await db.query<Omit<StoredCapture, 'legs'>>({ name: 'capture-find', text: FIND, values: [holdId] });
  const legs = await db.query<StoredLeg>({ name: 'capture-legs', text: LEGS, values: [holdId] });
  return rows[0] && { ...rows[0], legs: legs.rows };
}
