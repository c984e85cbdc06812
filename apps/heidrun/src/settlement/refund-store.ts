import { type ClientBase, type Pool } from 'pg';

/** What the refunds of a capture gave back so far; legs in the capture's order. */
export interface RefundedSoFar {
  refundedCents: bigint;
  feeReturnedCents: bigint;
  legsReturnedCents: bigint[];
}

const LOCK = 'SELECT FROM captures WHERE hold_id = $1 FOR UPDATE';
const SO_FAR = `
SELECT coalesce(sum(amount_cents), 0)::bigint AS "refundedCents",
  coalesce(sum(fee_returned_cents), 0)::bigint AS "feeReturnedCents",
  ARRAY(
    SELECT coalesce(sum(g.earnings_returned_cents), 0)::text
    FROM capture_legs l LEFT JOIN refunds r ON r.hold_id = l.hold_id
    LEFT JOIN refund_legs g ON g.refund_id = r.id AND g.position = l.position
    WHERE l.hold_id = $1 GROUP BY l.position ORDER BY l.position
  ) AS legs
FROM refunds WHERE hold_id = $1`;

/** Refunds of one capture wait for each other from here on, until the transaction ends. */
export async function lockRefunds(client: ClientBase, holdId: string): Promise<RefundedSoFar> {
  await client.query({ name: 'refund-lock', text: LOCK, values: [holdId] });
  return refundedSoFar(client, holdId);
}

export async function refundedSoFar(db: Pool | ClientBase, holdId: string): Promise<RefundedSoFar> {
  const { rows } = await db.query<{ refundedCents: bigint; feeReturnedCents: bigint; legs: string[] }>({
    name: 'refund-so-far',
    text: SO_FAR,
    values: [holdId],
  });
  const { refundedCents = 0n, feeReturnedCents = 0n, legs = [] } = rows[0] ?? {};
  return { refundedCents, feeReturnedCents, legsReturnedCents: legs.map(BigInt) };
}

/** A refund as it is stored. */
export interface NewRefund {
  id: string;
  holdId: string;
  amountCents: bigint;
  feeReturnedCents: bigint;
  totalRefundedCents: bigint;
  requestId: string;
  reason: string;
  disputeId: string;
  caller: string;
  at: Date;
  /** In the capture's order. */
  legs: readonly { providerId: string; earningsReturnedCents: bigint; feeReturnedCents: bigint }[];
}

const INSERT = `
WITH refund AS (
  INSERT INTO refunds (id, hold_id, amount_cents, fee_returned_cents, total_refunded_cents, request_id, reason,
    dispute_id, caller, refunded_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
)
INSERT INTO refund_legs (refund_id, position, provider_id, earnings_returned_cents, fee_returned_cents)
SELECT $1, l.position - 1, l.provider_id, l.earnings, l.fee
FROM unnest($11::text[], $12::bigint[], $13::bigint[]) WITH ORDINALITY AS l (provider_id, earnings, fee, position)`;

/** Stores a refund with its legs, in one round trip. */
export async function insertRefund(client: ClientBase, refund: NewRefund): Promise<void> {
  await client.query({
    name: 'refund-insert',
    text: INSERT,
    values: [
      refund.id,
      refund.holdId,
      refund.amountCents,
      refund.feeReturnedCents,
      refund.totalRefundedCents,
      refund.requestId,
      refund.reason,
      refund.disputeId,
      refund.caller,
      refund.at,
      refund.legs.map((leg) => leg.providerId),
      refund.legs.map((leg) => leg.earningsReturnedCents),
      refund.legs.map((leg) => leg.feeReturnedCents),
    ],
  });
}
