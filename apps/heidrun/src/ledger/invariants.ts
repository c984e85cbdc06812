/** One rule of the books as a query: every row it answers is a violation. $1 is the most rows, $2 the time. */
export interface Invariant {
  name: string;
  sql: string;
}

const DEBITS_EQUAL_CREDITS = `
SELECT 'ledger' AS subject, format('accounts sum up to %s cents instead of 0', sum(posted_cents)) AS description
FROM accounts HAVING sum(posted_cents) <> 0
UNION ALL
SELECT t.id, format('moves %s cents between accounts %s and %s, not both known', t.amount_cents, t.debit_account_id,
  t.credit_account_id)
FROM transfers t LEFT JOIN accounts d ON d.id = t.debit_account_id LEFT JOIN accounts c ON c.id = t.credit_account_id
WHERE d.id IS NULL OR c.id IS NULL OR t.amount_cents <= 0
LIMIT $1`;

const BALANCE_IS_FOLD = `
WITH moved AS (
  SELECT account_id, sum(cents) AS cents FROM (
    SELECT debit_account_id AS account_id, -amount_cents AS cents FROM transfers
    UNION ALL SELECT credit_account_id, amount_cents FROM transfers
  ) moves GROUP BY account_id
), held AS (
  SELECT h.wallet_id AS account_id, sum(h.held_cents) AS cents
  FROM open_holds o JOIN holds h ON h.id = o.hold_id GROUP BY h.wallet_id
)
SELECT a.name AS subject, format('posted %s, its transfers make %s; pending %s, its open holds make %s',
  a.posted_cents, coalesce(m.cents, 0), a.pending_cents, coalesce(h.cents, 0)) AS description
FROM accounts a LEFT JOIN moved m ON m.account_id = a.id LEFT JOIN held h ON h.account_id = a.id
WHERE a.posted_cents <> coalesce(m.cents, 0) OR a.pending_cents <> coalesce(h.cents, 0)
ORDER BY a.name LIMIT $1`;

const WALLET_ABOVE_LIMIT = `
SELECT name AS subject, format('posted %s − pending %s + limit %s is below 0', posted_cents, pending_cents,
  credit_limit_cents) AS description
FROM accounts WHERE kind = 'wallet' AND posted_cents - pending_cents + credit_limit_cents < 0
ORDER BY name LIMIT $1`;

/** Counts as posted only what the hold's own wallet paid, to the company and the owners pinned with the hold. */
const CAPTURE_IS_SPLIT_WITHIN_HOLD = `
WITH legs AS (
  SELECT hold_id, sum(earnings_cents) AS earnings, sum(cost_share_cents) AS shares FROM capture_legs GROUP BY hold_id
), moved AS (
  SELECT t.id, t.kind, t.amount_cents, h.id AS hold_id, CASE
      WHEN h.wallet_id IS DISTINCT FROM t.debit_account_id THEN false
      WHEN t.kind = 'FEE' THEN c.base = 'revenue:company'
      WHEN pinned.network ~ '^[A-Za-z0-9_.-]+$' THEN c.base = 'earnings:' || pinned.network || '/' || pinned.owner
      -- Other tenants' names are URI-encoded in their accounts'.
      ELSE c.kind = 'earnings' AND right(c.base, length(pinned.owner) + 1) = '/' || pinned.owner
    END AS as_pinned
  FROM transfers t JOIN accounts c ON c.id = t.credit_account_id
  LEFT JOIN captures p ON starts_with(t.id, 'capture:') AND p.hold_id = split_part(t.id, ':', 2)
  LEFT JOIN holds h ON h.id = p.hold_id
  LEFT JOIN LATERAL (
    SELECT x.owner_id AS owner, x.network_id AS network
    FROM jsonb_to_recordset(h.candidates) AS x (provider_id text, owner_id text, network_id text)
    WHERE x.provider_id = t.provider_id
  ) pinned ON true
  WHERE t.kind IN ('EARNINGS', 'FEE')
), posted AS (
  SELECT hold_id, sum(amount_cents) FILTER (WHERE kind = 'EARNINGS' AND as_pinned) AS earnings,
    sum(amount_cents) FILTER (WHERE kind = 'FEE' AND as_pinned) AS fee
  FROM moved GROUP BY hold_id
), checked AS (
  SELECT r.hold_id, r.kind, h.held_cents, r.released_cents, c.hold_id AS capture, c.captured_cents, c.earnings_cents,
    c.fee_cents, coalesce(l.earnings, 0) AS leg_earnings, coalesce(l.shares, 0) AS leg_shares,
    coalesce(p.earnings, 0) AS posted_earnings, coalesce(p.fee, 0) AS posted_fee
  FROM hold_resolutions r JOIN holds h ON h.id = r.hold_id LEFT JOIN captures c ON c.hold_id = r.hold_id
  LEFT JOIN legs l ON l.hold_id = r.hold_id LEFT JOIN posted p ON p.hold_id = r.hold_id
), violated AS (
  SELECT hold_id AS subject, format('%s: held %s, released %s, captured %s = earnings %s + fee %s; legs earn %s of %s; '
    'posted earnings %s and fee %s', kind, held_cents, released_cents, captured_cents, earnings_cents, fee_cents,
    leg_earnings, leg_shares, posted_earnings, posted_fee) AS description
  FROM checked
  WHERE (kind = 'CAPTURED') <> (capture IS NOT NULL)
    OR held_cents <> released_cents + coalesce(captured_cents, 0)
    OR captured_cents <> earnings_cents + fee_cents OR captured_cents > held_cents
    OR leg_earnings <> coalesce(earnings_cents, 0) OR leg_shares <> coalesce(captured_cents, 0)
    OR posted_earnings <> coalesce(earnings_cents, 0) OR posted_fee <> coalesce(fee_cents, 0)
  UNION ALL
  SELECT id, format('moves %s cents as %s without a capture', amount_cents, kind) FROM moved WHERE hold_id IS NULL
)
SELECT subject, description FROM violated ORDER BY subject LIMIT $1`;

const HOLD_NOT_OVERDUE = `
SELECT h.id AS subject, CASE
    WHEN o.hold_id IS NULL THEN 'is neither open nor resolved'
    WHEN r.hold_id IS NOT NULL THEN format('is open although it was %s', lower(r.kind))
    ELSE format('is still open after its end at %s', h.expires_at)
  END AS description
FROM holds h LEFT JOIN open_holds o ON o.hold_id = h.id LEFT JOIN hold_resolutions r ON r.hold_id = h.id
WHERE (o.hold_id IS NULL) = (r.hold_id IS NULL) OR (o.hold_id IS NOT NULL AND h.expires_at < $2)
ORDER BY h.id LIMIT $1`;

/** With fee = ⌊(total × rate + carry) / 10,000⌋ each time, first and last carry explain all that was not charged. */
const CARRY_WITHIN_BOUND = `
WITH charged AS (
  SELECT c.carry_provider_id AS provider_id, sum(c.captured_cents::numeric * h.commission_rate_bps) AS due,
    sum(c.fee_cents::numeric) * 10000 AS taken
  FROM captures c JOIN holds h ON h.id = c.hold_id GROUP BY 1
)
SELECT coalesce(b.provider_id, c.provider_id) AS subject,
  format('carries %s/10,000 ct; its captures leave %s/10,000 ct uncharged', b.commission_carry,
    coalesce(c.due - c.taken, 0)) AS description
FROM provider_books b FULL JOIN charged c ON c.provider_id = b.provider_id
WHERE coalesce(b.commission_carry, -1) NOT BETWEEN 0 AND 9999
  OR b.commission_carry <> coalesce(c.due - c.taken, 0)
ORDER BY 1 LIMIT $1`;

const TOP_UP_IS_CREDITED_ONCE_CHARGED = `
SELECT u.id AS subject, format('is %s with %s cents; credited are %s', u.status, u.amount_cents,
  coalesce(t.amount_cents, 0)) AS description
FROM top_ups u LEFT JOIN transfers t ON t.id = 'topup:' || u.id
WHERE coalesce(t.amount_cents, 0) <> CASE u.status WHEN 'SUCCEEDED' THEN u.amount_cents ELSE 0 END
ORDER BY u.id LIMIT $1`;

/** Refunds of a capture stay within it, give back ⌊fee × refunds / total⌋ of its fee, and are posted as stored. */
const REFUND_WITHIN_CAPTURE = `
WITH legs AS (
  SELECT refund_id, sum(earnings_returned_cents) AS earnings, sum(fee_returned_cents) AS fee
  FROM refund_legs GROUP BY refund_id
), posted AS (
  SELECT split_part(id, ':', 2) AS refund_id,
    sum(amount_cents) FILTER (WHERE kind = 'EARNINGS_REFUND') AS earnings,
    sum(amount_cents) FILTER (WHERE kind = 'FEE_REFUND') AS fee
  FROM transfers WHERE kind IN ('EARNINGS_REFUND', 'FEE_REFUND') GROUP BY 1
), per_capture AS (
  SELECT hold_id, sum(amount_cents) AS refunded, sum(fee_returned_cents) AS fee FROM refunds GROUP BY hold_id
)
SELECT coalesce(f.id, p.refund_id) AS subject, format('gives back %s with %s of the fee; posted are earnings %s and '
  'fee %s', f.amount_cents, f.fee_returned_cents, p.earnings, p.fee) AS description
FROM refunds f LEFT JOIN legs l ON l.refund_id = f.id FULL JOIN posted p ON p.refund_id = f.id
WHERE f.id IS NULL OR coalesce(p.fee, 0) <> f.fee_returned_cents OR l.fee IS DISTINCT FROM f.fee_returned_cents
  OR coalesce(p.earnings, 0) <> f.amount_cents - f.fee_returned_cents
  OR coalesce(l.earnings, 0) <> f.amount_cents - f.fee_returned_cents
UNION ALL
SELECT c.hold_id, format('%s captured with a fee of %s; %s refunded with %s of the fee', c.captured_cents, c.fee_cents,
  r.refunded, r.fee)
FROM captures c JOIN per_capture r ON r.hold_id = c.hold_id
WHERE r.refunded > c.captured_cents OR r.fee <> div(c.fee_cents::numeric * r.refunded, c.captured_cents)
ORDER BY 1 LIMIT $1`;

const ROLL_UP_IS_FOLD = `
WITH days AS (
  SELECT debit_account_id AS account_id, (posted_at AT TIME ZONE 'UTC')::date AS day, 'spent' AS what,
    sum(amount_cents) AS cents
  FROM transfers WHERE kind IN ('EARNINGS', 'FEE') GROUP BY 1, 2
  UNION ALL
  SELECT e.account_id, e.day, 'earned', sum(e.cents) FROM (
    SELECT credit_account_id AS account_id, (posted_at AT TIME ZONE 'UTC')::date AS day, amount_cents AS cents
    FROM transfers WHERE kind = 'EARNINGS'
    UNION ALL
    SELECT t.debit_account_id, (o.posted_at AT TIME ZONE 'UTC')::date, -t.amount_cents
    FROM transfers t JOIN transfers o ON o.id = t.reverses_id AND o.kind = 'EARNINGS'
    WHERE t.kind IN ('EARNINGS_REFUND', 'DISPUTE_WITHHOLD')
  ) e GROUP BY 1, 2
), kept AS (
  SELECT wallet_id AS account_id, day, 'spent' AS what, spent_cents AS cents FROM wallet_spending
  UNION ALL SELECT account_id, day, 'earned', earned_cents FROM earnings_days
)
SELECT a.name AS subject, format('%s on %s: %s kept, its transfers make %s', coalesce(k.what, d.what),
  coalesce(k.day, d.day), coalesce(k.cents, 0), coalesce(d.cents, 0)) AS description
FROM days d FULL JOIN kept k ON k.account_id = d.account_id AND k.day = d.day AND k.what = d.what
JOIN accounts a ON a.id = coalesce(k.account_id, d.account_id)
WHERE coalesce(k.cents, 0) <> coalesce(d.cents, 0)
ORDER BY 1 LIMIT $1`;

/** Money set aside for a payout lies in its account until it is handed over for good, and nowhere else. */
const PAYOUT_HOLDS_ITS_MONEY = `
SELECT coalesce('payout:' || p.id, a.name) AS subject, format('is %s over %s cents; its account has %s',
  coalesce(p.status, 'unknown'), p.amount_cents, coalesce(a.posted_cents, 0)) AS description
FROM payouts p FULL JOIN (SELECT name, posted_cents FROM accounts WHERE kind = 'payout') a ON a.name = 'payout:' || p.id
WHERE coalesce(a.posted_cents, 0)
  <> CASE WHEN p.status IN ('PENDING', 'IN_TRANSIT') THEN p.amount_cents ELSE 0 END
ORDER BY 1 LIMIT $1`;

/** What VerifyLedger checks (domain rules, Ledger). */
export const invariants: readonly Invariant[] = [
  { name: 'DEBITS_EQUAL_CREDITS', sql: DEBITS_EQUAL_CREDITS },
  { name: 'BALANCE_IS_FOLD', sql: BALANCE_IS_FOLD },
  { name: 'WALLET_ABOVE_LIMIT', sql: WALLET_ABOVE_LIMIT },
  { name: 'CAPTURE_IS_SPLIT_WITHIN_HOLD', sql: CAPTURE_IS_SPLIT_WITHIN_HOLD },
  { name: 'HOLD_NOT_OVERDUE', sql: HOLD_NOT_OVERDUE },
  { name: 'CARRY_WITHIN_BOUND', sql: CARRY_WITHIN_BOUND },
  { name: 'TOP_UP_IS_CREDITED_ONCE_CHARGED', sql: TOP_UP_IS_CREDITED_ONCE_CHARGED },
  { name: 'REFUND_WITHIN_CAPTURE', sql: REFUND_WITHIN_CAPTURE },
  { name: 'ROLL_UP_IS_FOLD', sql: ROLL_UP_IS_FOLD },
  { name: 'PAYOUT_HOLDS_ITS_MONEY', sql: PAYOUT_HOLDS_ITS_MONEY },
];
