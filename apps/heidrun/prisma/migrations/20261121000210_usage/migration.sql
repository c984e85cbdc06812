-- Who used how many tokens: one record per leg of a capture and per TrackTokens, folded into hourly rollups.

CREATE TABLE usage_records (
  id text PRIMARY KEY,
  request_id text NOT NULL,
  network_id text NOT NULL,
  user_id text NOT NULL,
  provider_id text NOT NULL,
  model text NOT NULL,
  input_tokens bigint NOT NULL CHECK (input_tokens BETWEEN 0 AND 1000000000000),
  output_tokens bigint NOT NULL CHECK (output_tokens BETWEEN 0 AND 1000000000000),
  occurred_at timestamptz(3) NOT NULL,
  -- A flag rather than a mark in time or id: a record that commits late is folded late, but never missed.
  rolled boolean NOT NULL DEFAULT false
);
CREATE INDEX usage_records_unrolled ON usage_records (occurred_at) WHERE NOT rolled;
CREATE INDEX usage_records_occurred ON usage_records (occurred_at);

-- One row per hour, parties, model and size class of requests; the classes are the sketch that percentiles come from.
CREATE TABLE usage_rollups (
  network_id text NOT NULL,
  user_id text NOT NULL,
  provider_id text NOT NULL,
  model text NOT NULL,
  hour timestamptz(0) NOT NULL,
  size_class integer NOT NULL,
  requests bigint NOT NULL,
  -- Sums of up to 10^12 each: numeric, so that folding never overflows.
  input_tokens numeric(30, 0) NOT NULL,
  output_tokens numeric(30, 0) NOT NULL,
  min_tokens bigint NOT NULL,
  max_tokens bigint NOT NULL,
  PRIMARY KEY (network_id, user_id, provider_id, model, hour, size_class)
);
CREATE INDEX usage_rollups_provider ON usage_rollups (provider_id, hour);
CREATE INDEX usage_rollups_hour ON usage_rollups (hour);

-- Size classes grow by e^0.01 each, so a class's middle is within 0.5 % of everything in it (DDSketch, Masson et al.
-- 2019, with relative accuracy tanh(0.005)). Class 0 is no tokens at all.
CREATE FUNCTION usage_size_class(tokens bigint) RETURNS integer IMMUTABLE PARALLEL SAFE STRICT LANGUAGE sql
RETURN CASE WHEN tokens < 1 THEN 0 ELSE 1 + ceil(ln(tokens::double precision) / 0.01)::integer END;
