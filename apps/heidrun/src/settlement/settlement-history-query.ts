import { type heidrun } from '@edda/contracts';
import { type Identity } from '@edda/grpc-kit';
import { pagePosition } from '@edda/pg-kit';
import { earningsOf, walletOf } from '../ledger/account-names.ts';
import { seesEverything, userOf } from '../ledger/visibility.ts';

/** A row of the history: one provider's part in one capture or refund. */
export interface HistoryRow {
  id: string;
  kind: 'CAPTURE' | 'REFUND';
  at: Date;
  transactionId: string;
  requestId: string;
  requesterId: string;
  providerId: string;
  ownerId: string;
  model: string;
  totalCents: bigint;
  earningsCents: bigint;
  feeCents: bigint;
  rateBps: number;
}

const PARTS = `
SELECT 'CAPTURE' AS kind, r.resolved_at AS at, l.hold_id || ':' || l.position AS id, l.hold_id, l.provider_id,
  NULL AS request_id, l.cost_share_cents AS total_cents, l.earnings_cents
FROM capture_legs l JOIN hold_resolutions r ON r.hold_id = l.hold_id AND r.kind = 'CAPTURED'
UNION ALL
SELECT 'REFUND', f.refunded_at, f.id || ':' || g.position, f.hold_id, g.provider_id, f.request_id,
  g.earnings_returned_cents + g.fee_returned_cents, g.earnings_returned_cents
FROM refunds f JOIN refund_legs g ON g.refund_id = f.id`;
const OWNER = `
SELECT c.owner_id, c.network_id FROM jsonb_to_recordset(h.candidates)
  AS c (provider_id text, owner_id text, network_id text) WHERE c.provider_id = p.provider_id LIMIT 1`;

/**
 * The holds a user has to do with, both by an index; what the user sees of them is decided row by row. Who paid and
 * who earned see their own side: the other one's name is left out.
 */
const MINE = (wallet: string, earnings: string) => `
p.hold_id IN (
  SELECT own.id FROM holds own JOIN accounts a ON a.id = own.wallet_id WHERE a.name = ${wallet}
  UNION
  SELECT split_part(t.id, ':', 2) FROM transfers t JOIN accounts a ON a.id = t.credit_account_id
  WHERE a.name = ${earnings} AND t.kind = 'EARNINGS'
)`;

type Filter = Omit<heidrun.GetSettlementHistoryRequest, 'pageSize' | 'pageToken'>;

/** The history as one statement, visible to the caller and filtered, after a position and of at most `limit` rows. */
export function settlementHistoryQuery(
  filter: Filter,
  identity: Identity,
  position: readonly string[] | undefined,
  limit: number,
): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${values.push(given)}`;
  const ascending = filter.orderBy === 'occurred_at asc';
  const all = seesEverything(identity);
  const user = userOf(identity);
  const network = value(user.networkId);
  const self = value(user.userId);
  const paid = all ? 'true' : `(h.network_id = ${network} AND h.requester_id = ${self})`;
  const earned = all ? 'true' : `(o.network_id = ${network} AND o.owner_id = ${self})`;
  const conditions = [
    // Keeps both values in use, and typed, where the caller sees everything.
    `${network}::text IS NOT NULL AND ${self}::text IS NOT NULL`,
    `(${paid} OR ${earned})`,
    ...(all ? [] : [MINE(value(walletOf(user)), value(earningsOf(user)))]),
    ...(filter.transactionId === '' ? [] : [`h.transaction_id = ${value(filter.transactionId)}`]),
    ...(filter.providerId === '' ? [] : [`p.provider_id = ${value(filter.providerId)}`]),
    ...(filter.requesterId === '' ? [] : [`${paid} AND h.requester_id = ${value(filter.requesterId)}`]),
    ...(filter.kind === 0 ? [] : [`p.kind = ${value(filter.kind === 1 ? 'CAPTURE' : 'REFUND')}`]),
    ...(filter.from === undefined ? [] : [`p.at >= ${value(filter.from)}`]),
    ...(filter.to === undefined ? [] : [`p.at < ${value(filter.to)}`]),
    ...(position === undefined
      ? []
      : [
          `(p.at, p.id) ${ascending ? '>' : '<'} (${value(pagePosition.time(position[0] ?? ''))}, ${value(
            pagePosition.text(position[1] ?? ''),
          )}::text)`,
        ]),
  ];
  const direction = ascending ? 'ASC' : 'DESC';
  const text = `
SELECT p.id, p.kind, p.at, h.transaction_id AS "transactionId", coalesce(p.request_id, h.request_id) AS "requestId",
  CASE WHEN ${paid} THEN h.requester_id ELSE '' END AS "requesterId", p.provider_id AS "providerId",
  CASE WHEN ${earned} THEN coalesce(o.owner_id, '') ELSE '' END AS "ownerId", h.model,
  p.total_cents AS "totalCents", p.earnings_cents AS "earningsCents",
  p.total_cents - p.earnings_cents AS "feeCents", h.commission_rate_bps AS "rateBps"
FROM (${PARTS}) p JOIN holds h ON h.id = p.hold_id LEFT JOIN LATERAL (${OWNER}) o ON true
WHERE ${conditions.join('\n  AND ')}
ORDER BY p.at ${direction}, p.id ${direction} LIMIT ${value(limit)}`;
  return { text, values };
}
