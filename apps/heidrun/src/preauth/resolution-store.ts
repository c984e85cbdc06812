import { common, enumName } from '@edda/contracts';
import { type ClientBase, type QueryConfig } from 'pg';
import { type ResolutionItem } from './resolution-item.ts';
import { type ProviderBook, type SettledCapture, type SettledLeg } from './settle-capture.ts';

const CLAIM = `
SELECT hold_id AS "holdId", provider_id AS "providerId", commission_carry AS "commissionCarry", claims,
  mean_deviation_ppm AS "meanDeviationPpm"
FROM claim_holds($1, $2)`;

type ClaimRow = ({ holdId: string } & Record<keyof ProviderBook, null>) | ({ holdId: null } & ProviderBook);

/** Locks those of the holds that are open and the providers' books: whoever gets them decides how they end. */
export async function claimHolds(client: ClientBase, holdIds: readonly string[], providerIds: readonly string[]) {
  const { rows } = await client.query<ClaimRow>({ name: 'holds-claim', text: CLAIM, values: [holdIds, providerIds] });
  const books = rows.filter((row) => row.holdId === null);
  return {
    open: new Set(rows.flatMap(({ holdId }) => holdId ?? [])),
    books: new Map(books.map(({ holdId: _, ...book }): [string, ProviderBook] => [book.providerId, book])),
  };
}

const RECORD = `
WITH resolved AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r (hold_id text, kind text, released_cents bigint, reason text,
    caller text, idempotency_key text, request_hash text, captured_cents bigint, earnings_cents bigint,
    fee_cents bigint, capped_at_hold boolean, finish_reason text, carry_provider_id text, carry_before bigint,
    carry_after bigint)
), closed AS (
  DELETE FROM open_holds USING resolved WHERE open_holds.hold_id = resolved.hold_id
), added AS (
  INSERT INTO hold_resolutions (hold_id, kind, released_cents, reason, caller, idempotency_key, request_hash,
    resolved_at)
  SELECT hold_id, kind, released_cents, reason, caller, idempotency_key, request_hash, $4 FROM resolved
), captured AS (
  INSERT INTO captures (hold_id, captured_cents, earnings_cents, fee_cents, capped_at_hold, finish_reason,
    carry_provider_id, carry_before, carry_after)
  SELECT hold_id, captured_cents, earnings_cents, fee_cents, capped_at_hold, finish_reason, carry_provider_id,
    carry_before, carry_after
  FROM resolved WHERE kind = 'CAPTURED'
), legs AS (
  SELECT * FROM jsonb_to_recordset($2::jsonb) AS l (hold_id text, position integer, provider_id text,
    input_tokens bigint, output_tokens bigint, counted_input_tokens bigint, counted_output_tokens bigint,
    claimed_input_tokens bigint, claimed_output_tokens bigint, deviation_ppm bigint, method text, tokenizer text,
    cost_share_cents bigint, earnings_cents bigint)
), delivered AS (
  INSERT INTO capture_legs (hold_id, position, provider_id, input_tokens, output_tokens, counted_input_tokens,
    counted_output_tokens, claimed_input_tokens, claimed_output_tokens, deviation_ppm, method, tokenizer,
    cost_share_cents, earnings_cents)
  SELECT * FROM legs
), tracked AS (
  INSERT INTO usage_records (id, request_id, network_id, user_id, provider_id, model, input_tokens, output_tokens,
    occurred_at)
  SELECT 'capture:' || hold_id || ':' || position, request_id, network_id, requester_id, provider_id, model,
    legs.input_tokens, legs.output_tokens, $4
  FROM legs JOIN holds ON holds.id = hold_id
)
UPDATE provider_books SET commission_carry = b.commission_carry, claims = b.claims,
  mean_deviation_ppm = b.mean_deviation_ppm
FROM jsonb_to_recordset($3::jsonb) AS b (provider_id text, commission_carry bigint, claims bigint,
  mean_deviation_ppm bigint)
WHERE provider_books.provider_id = b.provider_id`;

/** A hold that this batch resolves; captured when it was settled. */
export interface ResolvedHold {
  item: ResolutionItem;
  settled?: SettledCapture;
}

/**
 * The statement that stores a batch's resolutions, captures with their legs, and the providers' books. It fails with a
 * unique violation when a key resolved another hold before, see `asResolutionConflict`.
 */
export function insertResolutionsQuery(
  resolved: readonly ResolvedHold[],
  books: readonly ProviderBook[],
  now: Date,
): QueryConfig {
  const legs = resolved.flatMap(({ item, settled }) =>
    (settled?.legs ?? []).map((leg, position) => legRow(item.hold.id, leg, position)),
  );
  const values = [
    JSON.stringify(resolved.map(resolutionRow)),
    JSON.stringify(legs),
    JSON.stringify(books.map(bookRow)),
  ];
  return { name: 'holds-resolve', text: RECORD, values: [...values, now] };
}

/** Integers travel as text: JSON numbers lose digits beyond 2^53. */
const text = (value: bigint | undefined): string | null => (value === undefined ? null : String(value));

function resolutionRow({ item, settled }: ResolvedHold) {
  const { kind, hold, origin } = item;
  return {
    hold_id: hold.id,
    kind,
    released_cents: text(settled === undefined ? hold.heldCents : settled.releasedCents),
    reason: kind === 'CANCELLED' ? item.reason : '',
    caller: origin.caller,
    idempotency_key: origin.idempotencyKey,
    request_hash: origin.requestHash,
    ...(settled !== undefined && {
      captured_cents: text(settled.capturedCents),
      earnings_cents: text(settled.earningsCents),
      fee_cents: text(settled.feeCents),
      capped_at_hold: settled.cappedAtHold,
      finish_reason: kind === 'CAPTURED' ? item.finishReason : '',
      carry_provider_id: settled.carryProviderId,
      carry_before: text(settled.carryBefore),
      carry_after: text(settled.carryAfter),
    }),
  };
}

function legRow(holdId: string, leg: SettledLeg, position: number) {
  return {
    hold_id: holdId,
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

function bookRow(book: ProviderBook) {
  return {
    provider_id: book.providerId,
    commission_carry: text(book.commissionCarry),
    claims: text(book.claims),
    mean_deviation_ppm: text(book.meanDeviationPpm),
  };
}
