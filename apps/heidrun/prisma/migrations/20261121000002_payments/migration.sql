-- Ways to pay and be paid, and money bought into wallets. Amounts are whole cents.

-- The payment provider's token is kept encrypted (AES-256-GCM: nonce, tag, text), never a card or account number.
CREATE TABLE payment_methods (
  id text PRIMARY KEY,
  network_id text NOT NULL,
  user_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('CARD', 'DEBIT', 'PAYPAL', 'SEPA_DEBIT', 'BANK_ACCOUNT')),
  purposes text[] NOT NULL CHECK (cardinality(purposes) BETWEEN 1 AND 2 AND purposes <@ ARRAY['PAY', 'PAYOUT']),
  status text NOT NULL CHECK (status IN ('PENDING', 'VERIFIED', 'FAILED', 'REMOVED')),
  brand text NOT NULL DEFAULT '',
  last4 text NOT NULL DEFAULT '' CHECK (length(last4) <= 4),
  expiry_month integer NOT NULL DEFAULT 0 CHECK (expiry_month BETWEEN 0 AND 12),
  expiry_year integer NOT NULL DEFAULT 0,
  -- The first instant it may not be used any more; null when it does not expire.
  expires_at timestamptz(3),
  payment_provider text NOT NULL,
  token_key_id text,
  token_sealed bytea,
  verification_attempts integer NOT NULL DEFAULT 0 CHECK (verification_attempts >= 0),
  failure_reason text NOT NULL DEFAULT '',
  created_at timestamptz(3) NOT NULL,
  verified_at timestamptz(3),
  CHECK ((token_sealed IS NULL) = (status = 'REMOVED')),
  CHECK ((token_sealed IS NULL) = (token_key_id IS NULL)),
  CHECK (status <> 'VERIFIED' OR verified_at IS NOT NULL)
);
CREATE INDEX payment_methods_user ON payment_methods (network_id, user_id, created_at, id);

CREATE TABLE payment_defaults (
  network_id text NOT NULL,
  user_id text NOT NULL,
  purpose text NOT NULL CHECK (purpose IN ('PAY', 'PAYOUT')),
  payment_method_id text NOT NULL REFERENCES payment_methods (id),
  PRIMARY KEY (network_id, user_id, purpose)
);

-- PENDING is committed before the charge, so that a charge is never forgotten, whatever dies.
CREATE TABLE top_ups (
  id text PRIMARY KEY,
  network_id text NOT NULL,
  user_id text NOT NULL,
  payment_method_id text NOT NULL REFERENCES payment_methods (id),
  payment_provider text NOT NULL,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency text NOT NULL,
  status text NOT NULL CHECK (status IN ('PENDING', 'SUCCEEDED', 'FAILED')),
  failure_reason text NOT NULL DEFAULT '',
  confirmation_url text NOT NULL DEFAULT '',
  provider_reference text NOT NULL DEFAULT '',
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL,
  completed_at timestamptz(3),
  CHECK ((status = 'PENDING') = (completed_at IS NULL))
);
CREATE INDEX top_ups_user ON top_ups (network_id, user_id, created_at);
CREATE INDEX top_ups_open ON top_ups (next_attempt_at) WHERE status = 'PENDING';

-- The sandbox payment provider's own books, as a payment provider keeps them: one charge per key, for ever.
CREATE TABLE sandbox_charges (
  idempotency_key text PRIMARY KEY,
  reference text NOT NULL UNIQUE,
  fingerprint text NOT NULL,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency text NOT NULL,
  status text NOT NULL CHECK (status IN ('succeeded', 'declined', 'action-required')),
  created_at timestamptz(3) NOT NULL DEFAULT now()
);
