-- Refunds, payouts, what users set about their money, and notifications of payment providers. Amounts are whole cents.

-- What a wallet's owner lets requests cost; on the wallet's row, which every hold locks anyway. Null: unlimited.
ALTER TABLE accounts
  ADD COLUMN daily_limit_cents bigint CHECK (daily_limit_cents >= 0),
  ADD COLUMN monthly_limit_cents bigint CHECK (monthly_limit_cents >= 0),
  ADD COLUMN default_max_cost_cents bigint CHECK (default_max_cost_cents >= 0);

-- Rollups of the ledger by UTC day: what limits, budgets and the hold-back are decided from.
CREATE TABLE wallet_spending (
  wallet_id bigint NOT NULL REFERENCES accounts (id),
  day date NOT NULL,
  spent_cents bigint NOT NULL DEFAULT 0 CHECK (spent_cents >= 0),
  -- The part of it that earnings of the same user made good.
  netted_cents bigint NOT NULL DEFAULT 0 CHECK (netted_cents BETWEEN 0 AND spent_cents),
  PRIMARY KEY (wallet_id, day)
);
-- Earnings by the day they were captured, less what was given back of them since.
CREATE TABLE earnings_days (
  account_id bigint NOT NULL REFERENCES accounts (id),
  day date NOT NULL,
  earned_cents bigint NOT NULL,
  PRIMARY KEY (account_id, day)
);

CREATE FUNCTION roll_up_transfers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO wallet_spending AS s (wallet_id, day, spent_cents)
  SELECT a.debit_account_id, (a.posted_at AT TIME ZONE 'UTC')::date, sum(a.amount_cents)
  FROM added a WHERE a.kind IN ('EARNINGS', 'FEE') GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (wallet_id, day) DO UPDATE SET spent_cents = s.spent_cents + EXCLUDED.spent_cents;
  INSERT INTO earnings_days AS e (account_id, day, earned_cents)
  SELECT m.account_id, m.day, sum(m.cents) FROM (
    SELECT a.credit_account_id AS account_id, (a.posted_at AT TIME ZONE 'UTC')::date AS day, a.amount_cents AS cents
    FROM added a WHERE a.kind = 'EARNINGS'
    UNION ALL
    SELECT a.debit_account_id, (o.posted_at AT TIME ZONE 'UTC')::date, -a.amount_cents
    FROM added a JOIN transfers o ON o.id = a.reverses_id AND o.kind = 'EARNINGS'
    WHERE a.kind IN ('EARNINGS_REFUND', 'DISPUTE_WITHHOLD')
  ) m GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (account_id, day) DO UPDATE SET earned_cents = e.earned_cents + EXCLUDED.earned_cents;
  RETURN NULL;
END $$;

INSERT INTO wallet_spending (wallet_id, day, spent_cents)
SELECT debit_account_id, (posted_at AT TIME ZONE 'UTC')::date, sum(amount_cents)
FROM transfers WHERE kind IN ('EARNINGS', 'FEE') GROUP BY 1, 2;
INSERT INTO earnings_days (account_id, day, earned_cents)
SELECT credit_account_id, (posted_at AT TIME ZONE 'UTC')::date, sum(amount_cents)
FROM transfers WHERE kind = 'EARNINGS' GROUP BY 1, 2;
CREATE TRIGGER transfers_roll_up AFTER INSERT ON transfers
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION roll_up_transfers();

-- What users set about their money, limits aside. Accounts by name: the row may come before the account.
CREATE TABLE money_settings (
  network_id text NOT NULL,
  user_id text NOT NULL,
  wallet text NOT NULL UNIQUE,
  earnings text NOT NULL,
  payout_schedule text NOT NULL DEFAULT 'MANUAL' CHECK (payout_schedule IN ('MANUAL', 'DAILY', 'WEEKLY', 'MONTHLY')),
  payout_minimum_cents bigint NOT NULL DEFAULT 0 CHECK (payout_minimum_cents >= 0),
  -- When earnings are paid out next; null without a schedule.
  next_payout_at timestamptz(3),
  auto_top_up boolean NOT NULL DEFAULT false,
  auto_threshold_cents bigint NOT NULL DEFAULT 0 CHECK (auto_threshold_cents >= 0),
  auto_amount_cents bigint NOT NULL DEFAULT 0 CHECK (auto_amount_cents >= 0),
  auto_monthly_maximum_cents bigint CHECK (auto_monthly_maximum_cents > 0),
  -- Automatic charges declined in a row, and the earliest time of the next.
  charge_failures integer NOT NULL DEFAULT 0 CHECK (charge_failures >= 0),
  charge_not_before timestamptz(3),
  budget_cents bigint NOT NULL DEFAULT 0 CHECK (budget_cents >= 0),
  budget_thresholds integer[] NOT NULL DEFAULT '{}',
  netting boolean NOT NULL DEFAULT false,
  -- Costs from this day on are netted; null without netting.
  netting_since date,
  PRIMARY KEY (network_id, user_id),
  CHECK ((payout_schedule = 'MANUAL') = (next_payout_at IS NULL)),
  CHECK (netting = (netting_since IS NOT NULL))
);
CREATE INDEX money_settings_payouts ON money_settings (next_payout_at) WHERE next_payout_at IS NOT NULL;

-- Each threshold of a budget raises its event once per UTC month.
CREATE TABLE budget_alerts (
  network_id text NOT NULL,
  user_id text NOT NULL,
  month date NOT NULL,
  threshold_percent integer NOT NULL,
  PRIMARY KEY (network_id, user_id, month, threshold_percent)
);

-- Who or what asked for a top-up: the user, the automatic one below a threshold, or the charge of a used-up credit.
ALTER TABLE top_ups ADD COLUMN origin text NOT NULL DEFAULT 'USER' CHECK (origin IN ('USER', 'AUTOMATIC', 'CREDIT'));
CREATE UNIQUE INDEX top_ups_one_automatic ON top_ups (network_id, user_id)
  WHERE status = 'PENDING' AND origin <> 'USER';
CREATE INDEX top_ups_reference ON top_ups (payment_provider, provider_reference) WHERE provider_reference <> '';
-- What the payment provider took back of it (chargeback).
ALTER TABLE top_ups ADD COLUMN reversed_cents bigint NOT NULL DEFAULT 0
  CHECK (reversed_cents BETWEEN 0 AND amount_cents);

-- PENDING is committed, and its money set aside in `payout:<id>`, before the payment provider is asked.
CREATE TABLE payouts (
  id text PRIMARY KEY,
  network_id text NOT NULL,
  user_id text NOT NULL,
  payment_method_id text NOT NULL REFERENCES payment_methods (id),
  payment_provider text NOT NULL,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency text NOT NULL,
  status text NOT NULL CHECK (status IN ('PENDING', 'IN_TRANSIT', 'PAID', 'FAILED')),
  failure_reason text NOT NULL DEFAULT '',
  provider_reference text NOT NULL DEFAULT '',
  scheduled boolean NOT NULL DEFAULT false,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL,
  completed_at timestamptz(3),
  CHECK ((status IN ('PENDING', 'IN_TRANSIT')) = (completed_at IS NULL))
);
CREATE INDEX payouts_user ON payouts (network_id, user_id, created_at, id);
CREATE INDEX payouts_open ON payouts (next_attempt_at) WHERE status IN ('PENDING', 'IN_TRANSIT');
CREATE INDEX payouts_method ON payouts (payment_method_id) WHERE status IN ('PENDING', 'IN_TRANSIT');
CREATE INDEX payouts_reference ON payouts (payment_provider, provider_reference) WHERE provider_reference <> '';

CREATE TABLE refunds (
  id text PRIMARY KEY,
  hold_id text NOT NULL REFERENCES captures (hold_id),
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  fee_returned_cents bigint NOT NULL CHECK (fee_returned_cents BETWEEN 0 AND amount_cents),
  -- All refunds of the capture, this one included.
  total_refunded_cents bigint NOT NULL CHECK (total_refunded_cents >= amount_cents),
  request_id text NOT NULL,
  reason text NOT NULL,
  dispute_id text NOT NULL DEFAULT '',
  caller text NOT NULL,
  refunded_at timestamptz(3) NOT NULL,
  UNIQUE (hold_id, total_refunded_cents)
);
CREATE INDEX refunds_refunded ON refunds (refunded_at);

CREATE TABLE refund_legs (
  refund_id text NOT NULL REFERENCES refunds (id),
  position integer NOT NULL,
  provider_id text NOT NULL,
  earnings_returned_cents bigint NOT NULL CHECK (earnings_returned_cents >= 0),
  fee_returned_cents bigint NOT NULL CHECK (fee_returned_cents >= 0),
  PRIMARY KEY (refund_id, position)
);
CREATE TRIGGER refunds_append_only BEFORE UPDATE OR DELETE ON refunds
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refund_legs_append_only BEFORE UPDATE OR DELETE ON refund_legs
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE INDEX hold_resolutions_captured ON hold_resolutions (resolved_at) WHERE kind = 'CAPTURED';

-- A payment provider's notifications, each taken in once.
CREATE TABLE payment_webhooks (
  payment_provider text NOT NULL,
  event_id text NOT NULL,
  type text NOT NULL,
  -- What became of it: applied, or ignored with the reason.
  outcome text NOT NULL,
  received_at timestamptz(3) NOT NULL,
  PRIMARY KEY (payment_provider, event_id)
);
CREATE INDEX payment_webhooks_received ON payment_webhooks (received_at);

-- The sandbox payment provider's own books of payouts.
CREATE TABLE sandbox_payouts (
  idempotency_key text PRIMARY KEY,
  reference text NOT NULL UNIQUE,
  fingerprint text NOT NULL,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency text NOT NULL,
  status text NOT NULL CHECK (status IN ('paid', 'in-transit', 'failed')),
  created_at timestamptz(3) NOT NULL DEFAULT now()
);
