import { insertEventsFrom } from '../events/new-event.ts';
import { auditOnce } from './transaction-audit.ts';

/** What one provider contributed, as it is stored at the end. */
export interface EndedLeg {
  providerId: string;
  ownerId: string;
  networkId: string;
  attempt: number;
  inputTokens: bigint;
  outputTokens: bigint;
  priceCents: bigint;
  outputPriceCents: bigint | undefined;
  priceUnitTokens: bigint;
  priceVersion: bigint;
  earningsCents: bigint;
  claimedInputTokens: bigint | undefined;
  claimedOutputTokens: bigint | undefined;
}

/** An answer takes the place of what was kept of it while it grew. */
export const replacingAnswer =
  'ON CONFLICT (request_id) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at';

/** Ends a transaction with all that belongs to it, in one statement: it happens entirely or, when the row is not ours, not at all. */
export const END = `
WITH ended AS (
  UPDATE transactions SET state = $3, finish_reason = $5, cost_limited = $6, token_method = $7, tokenizer = $8,
    input_tokens = $9, output_tokens = $10, total_cost_cents = $11, provider_earnings_cents = $12,
    company_fee_cents = $13, released_cents = $14, failure_reason = $15, failure_message = $16, receipt = $17,
    idempotency_key = CASE WHEN $18 THEN NULL ELSE idempotency_key END, checkpoint = NULL,
    completed_at = $39, updated_at = $39, version = version + 1, event_count = event_count + 1
  WHERE transaction_id = $1 AND epoch = $2 AND state = ANY ($4::text[])
  RETURNING transaction_id, request_id
), explained AS (
  UPDATE routing_decisions d SET decision = d.decision || $19::bytea FROM ended WHERE d.transaction_id = ended.transaction_id
), kept AS (
  INSERT INTO request_results (request_id, sealed, expires_at)
  SELECT request_id, $20::bytea, $21::timestamptz FROM ended WHERE $20::bytea IS NOT NULL
  ${replacingAnswer}
), billed AS (
  INSERT INTO transaction_legs (transaction_id, position, provider_id, owner_id, network_id, attempt, input_tokens,
    output_tokens, price_cents, output_price_cents, price_unit_tokens, price_version, earnings_cents,
    claimed_input_tokens, claimed_output_tokens)
  SELECT ended.transaction_id, leg.position, provider_id, owner_id, network_id, attempt, input_tokens, output_tokens,
    price_cents, output_price_cents, price_unit_tokens, price_version, earnings_cents, claimed_input, claimed_output
  FROM ended, unnest($22::text[], $23::text[], $24::text[], $25::int[], $26::bigint[], $27::bigint[], $28::bigint[],
    $29::bigint[], $30::bigint[], $31::bigint[], $32::bigint[], $33::bigint[], $34::bigint[])
    WITH ORDINALITY AS leg (provider_id, owner_id, network_id, attempt, input_tokens, output_tokens, price_cents,
      output_price_cents, price_unit_tokens, price_version, earnings_cents, claimed_input, claimed_output, position)
), noted AS (${insertEventsFrom('ended', 35)}), audited AS (${auditOnce('ended', 41)})
SELECT FROM ended`;

/** The legs as columns, in the order of the statement's parameters 22 to 34. */
export function legValues(legs: readonly EndedLeg[]): unknown[] {
  return [
    legs.map((leg) => leg.providerId),
    legs.map((leg) => leg.ownerId),
    legs.map((leg) => leg.networkId),
    legs.map((leg) => leg.attempt),
    legs.map((leg) => leg.inputTokens),
    legs.map((leg) => leg.outputTokens),
    legs.map((leg) => leg.priceCents),
    legs.map((leg) => leg.outputPriceCents ?? null),
    legs.map((leg) => leg.priceUnitTokens),
    legs.map((leg) => leg.priceVersion),
    legs.map((leg) => leg.earningsCents),
    legs.map((leg) => leg.claimedInputTokens ?? null),
    legs.map((leg) => leg.claimedOutputTokens ?? null),
  ];
}
