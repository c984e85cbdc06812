-- Compute requests and the money side of each: one row, one life cycle.
CREATE TABLE transactions (
  transaction_id text PRIMARY KEY,
  request_id text NOT NULL UNIQUE,
  requester_id text NOT NULL,
  network_id text NOT NULL,
  model text NOT NULL,
  state text NOT NULL CHECK (state IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED', 'REFUNDED')),
  -- Which RPC asked: 'execute' streams, 'create' keeps the answer. With the key it makes a repeated call the same call.
  method text NOT NULL CHECK (method IN ('execute', 'create')),
  idempotency_key text,
  request_hash text NOT NULL,
  -- The replica that works on it; every write names the epoch, so that a replica that lost its lease changes nothing.
  owner text NOT NULL,
  epoch bigint NOT NULL DEFAULT 1,
  lease_until timestamptz NOT NULL,
  cancel_requested boolean NOT NULL DEFAULT false,
  -- What was delivered so far, as [{providerId, attempt, inputTokens, outputTokens, estimated}].
  checkpoint jsonb,
  max_cost_cents bigint,
  estimated_input_tokens bigint NOT NULL,
  output_budget_tokens bigint NOT NULL DEFAULT 0,
  deadline timestamptz NOT NULL,
  preauth_id text,
  held_cents bigint NOT NULL DEFAULT 0 CHECK (held_cents >= 0),
  commission_rate_bps integer NOT NULL DEFAULT 0,
  -- Numbers of edda.common.v1.FinishReason and TokenMethod.
  finish_reason smallint NOT NULL DEFAULT 0,
  cost_limited boolean NOT NULL DEFAULT false,
  token_method smallint NOT NULL DEFAULT 0,
  tokenizer text NOT NULL DEFAULT '',
  input_tokens bigint NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
  output_tokens bigint NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
  total_cost_cents bigint NOT NULL DEFAULT 0 CHECK (total_cost_cents >= 0),
  provider_earnings_cents bigint NOT NULL DEFAULT 0,
  company_fee_cents bigint NOT NULL DEFAULT 0,
  released_cents bigint NOT NULL DEFAULT 0,
  refunded_cents bigint NOT NULL DEFAULT 0,
  failure_reason text NOT NULL DEFAULT '',
  failure_message text NOT NULL DEFAULT '',
  -- edda.njordr.v1.Receipt, encoded.
  receipt bytea,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  completed_at timestamptz,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  -- Events of subject transaction:<id> written so far; only the holder of the epoch writes them, so no other counter is needed.
  event_count bigint NOT NULL DEFAULT 1,
  -- Null keys never collide.
  UNIQUE (network_id, requester_id, method, idempotency_key),
  CHECK (provider_earnings_cents + company_fee_cents = total_cost_cents),
  CHECK (state NOT IN ('FAILED', 'CANCELLED') OR total_cost_cents = 0)
);
CREATE INDEX transactions_of_requester ON transactions (network_id, requester_id, created_at DESC, transaction_id DESC);
CREATE INDEX transactions_open ON transactions (lease_until) WHERE state IN ('PENDING', 'PROCESSING');
CREATE INDEX transactions_keys ON transactions (created_at) WHERE idempotency_key IS NOT NULL;

CREATE TABLE transaction_legs (
  transaction_id text NOT NULL REFERENCES transactions,
  position smallint NOT NULL,
  provider_id text NOT NULL,
  owner_id text NOT NULL,
  network_id text NOT NULL,
  attempt integer NOT NULL,
  input_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  price_cents bigint NOT NULL,
  output_price_cents bigint,
  price_unit_tokens bigint NOT NULL,
  price_version bigint NOT NULL,
  earnings_cents bigint NOT NULL,
  claimed_input_tokens bigint,
  claimed_output_tokens bigint,
  PRIMARY KEY (transaction_id, position)
);
CREATE INDEX transaction_legs_of_owner ON transaction_legs (network_id, owner_id, transaction_id);

CREATE TABLE routing_decisions (
  transaction_id text PRIMARY KEY REFERENCES transactions,
  epoch bigint NOT NULL,
  -- edda.njordr.v1.RoutingDecision, encoded; the attempts are appended at the end, since encodings of a message concatenate.
  decision bytea NOT NULL,
  -- What a provider is scored again with: {inputTokens, outputTokens, ...}; no prompt.
  query jsonb NOT NULL
);

CREATE TABLE request_results (
  request_id text PRIMARY KEY REFERENCES transactions (request_id),
  -- edda.njordr.v1.ComputeResult, sealed with AES-256-GCM: key id, nonce, tag, ciphertext.
  sealed bytea NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX request_results_expiry ON request_results (expires_at);
