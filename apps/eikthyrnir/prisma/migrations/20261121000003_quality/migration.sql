-- What was measured, one row per attempt or presence sample. Append-only; only the retention sweep deletes.
CREATE TABLE observations (
  observation_id text PRIMARY KEY,
  provider_id text NOT NULL,
  model text NOT NULL,
  request_id text NOT NULL,
  occurred_at timestamptz NOT NULL,
  outcome smallint NOT NULL CHECK (outcome BETWEEN 1 AND 8),
  ttft_ms integer CHECK (ttft_ms >= 0),
  duration_ms bigint NOT NULL CHECK (duration_ms >= 0),
  output_tokens bigint NOT NULL CHECK (output_tokens BETWEEN 0 AND 1000000000000),
  tokens_per_second_milli bigint CHECK (tokens_per_second_milli >= 0),
  checks jsonb,
  probe boolean NOT NULL,
  attempt integer NOT NULL CHECK (attempt >= 0),
  recorded_at timestamptz NOT NULL
);
CREATE INDEX observations_by_provider ON observations (provider_id, occurred_at DESC, observation_id DESC);
CREATE INDEX observations_by_time ON observations (occurred_at, observation_id);
CREATE INDEX observations_by_request ON observations (request_id) WHERE request_id <> '';

CREATE FUNCTION observations_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('eikthyrnir.retention_sweep', true) = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'observations are append-only';
END $$;
CREATE TRIGGER observations_append_only BEFORE UPDATE OR DELETE ON observations
  FOR EACH ROW EXECUTE FUNCTION observations_are_append_only();

-- Decayed sums per provider and model; model '' holds the provider's presence (ONLINE, OFFLINE).
-- Each list is {sum w, sum wx, sum w^2, sum wx^2} with the weights as they are at as_of.
CREATE TABLE qualities (
  provider_id text NOT NULL,
  model text NOT NULL,
  as_of timestamptz,
  response_quality double precision[] NOT NULL DEFAULT '{0,0,0,0}' CHECK (cardinality(response_quality) = 4),
  reliability double precision[] NOT NULL DEFAULT '{0,0,0,0}' CHECK (cardinality(reliability) = 4),
  availability double precision[] NOT NULL DEFAULT '{0,0,0,0}' CHECK (cardinality(availability) = 4),
  ttft_ms double precision[] NOT NULL DEFAULT '{0,0,0,0}' CHECK (cardinality(ttft_ms) = 4),
  tokens_per_second double precision[] NOT NULL DEFAULT '{0,0,0,0}' CHECK (cardinality(tokens_per_second) = 4),
  metering_deviation double precision[] NOT NULL DEFAULT '{0,0,0,0}' CHECK (cardinality(metering_deviation) = 4),
  last_success_at timestamptz,
  recent_failures timestamptz[] NOT NULL DEFAULT '{}',
  presence_at timestamptz,
  online boolean,
  -- Figures last published and when: what "moved" is measured against.
  baseline double precision[],
  baseline_at timestamptz,
  version bigint NOT NULL DEFAULT 0,
  important_change smallint NOT NULL DEFAULT 0,
  updated_at timestamptz,
  -- Transactions that last changed the row, and last changed it importantly. Watchers read from the oldest transaction
  -- still running on, so that a change that commits late is not missed, as it could be with a plain sequence.
  changed_xid bigint NOT NULL DEFAULT 0,
  important_xid bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (provider_id, model)
);
CREATE INDEX qualities_by_change ON qualities (changed_xid);

CREATE TABLE idempotency_keys (
  tenant text NOT NULL,
  caller text NOT NULL,
  method text NOT NULL,
  key text NOT NULL,
  request_hash text NOT NULL,
  response jsonb,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant, caller, method, key)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
