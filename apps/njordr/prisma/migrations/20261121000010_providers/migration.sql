-- The outbox and the idempotency store stand here because this migration sorts first; requests and
-- transactions use the same tables.
CREATE TABLE outbox_sequences (
  subject text PRIMARY KEY,
  last_sequence bigint NOT NULL
);

CREATE TABLE outbox_events (
  id bigserial PRIMARY KEY,
  subject text NOT NULL,
  sequence bigint NOT NULL,
  partition smallint NOT NULL,
  type text NOT NULL,
  payload jsonb NOT NULL,
  request_id text,
  occurred_at timestamptz NOT NULL,
  published boolean NOT NULL DEFAULT false,
  published_at timestamptz,
  UNIQUE (subject, sequence)
);
CREATE INDEX outbox_events_waiting ON outbox_events (id) INCLUDE (partition) WHERE NOT published;
CREATE INDEX outbox_events_done ON outbox_events (published_at) WHERE published;

CREATE TABLE outbox_partitions (
  partition smallint PRIMARY KEY
);
INSERT INTO outbox_partitions SELECT generate_series(0, 63);

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

-- Providers: devices whose owners offer models on the market.
CREATE TABLE providers (
  provider_id text PRIMARY KEY,
  device_id text NOT NULL,
  owner_id text NOT NULL,
  network_id text NOT NULL,
  status text NOT NULL
    CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED', 'ACTIVE', 'INACTIVE', 'SUSPENDED', 'UNREGISTERED')),
  status_reason text NOT NULL DEFAULT '',
  status_reason_code text NOT NULL DEFAULT '',
  -- The owner pauses it (availability MAINTENANCE).
  paused boolean NOT NULL DEFAULT false,
  connected boolean NOT NULL DEFAULT false,
  -- ProviderConfiguration as protobuf JSON; the columns after it repeat what lists filter and sort by.
  configuration jsonb NOT NULL,
  display_name text NOT NULL,
  models text[] NOT NULL,
  price_cents bigint NOT NULL CHECK (price_cents BETWEEN 0 AND 1000000000),
  sharing text NOT NULL CHECK (sharing IN ('own-network', 'trusted', 'public')),
  trusted_network_ids text[] NOT NULL DEFAULT '{}',
  -- Counts registrations of the device: a resubmission is tested and decided anew.
  submission integer NOT NULL DEFAULT 1,
  payout_verified boolean NOT NULL DEFAULT false,
  -- The connection test of this submission; NULL before it.
  test_passed boolean,
  test_latency_ms integer,
  test_ttft_ms integer,
  tested_at timestamptz,
  test_detail text NOT NULL DEFAULT '',
  -- Nornen's decision on this submission; '' before it.
  decision_id text NOT NULL DEFAULT '',
  agent_version text NOT NULL DEFAULT '',
  last_seen_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
-- A device has one provider per network; what was unregistered is kept for history.
CREATE UNIQUE INDEX providers_device ON providers (network_id, device_id) WHERE status <> 'UNREGISTERED';
CREATE INDEX providers_owner ON providers (network_id, owner_id);
CREATE INDEX providers_created ON providers (created_at, provider_id);
CREATE INDEX providers_models ON providers USING gin (models);
CREATE INDEX providers_unfinished ON providers (provider_id) WHERE status IN ('PENDING', 'APPROVED');

-- Prices as Heidrun has them: routing offers these, never a price that Heidrun has not confirmed.
CREATE TABLE provider_prices (
  provider_id text NOT NULL REFERENCES providers (provider_id),
  -- '' is the price of every model without its own.
  model text NOT NULL,
  price_cents bigint NOT NULL CHECK (price_cents BETWEEN 0 AND 1000000000),
  output_price_cents bigint CHECK (output_price_cents BETWEEN 0 AND 1000000000),
  unit_tokens bigint NOT NULL CHECK (unit_tokens BETWEEN 1 AND 1000000000),
  price_version bigint NOT NULL CHECK (price_version > 0),
  set_at timestamptz NOT NULL,
  PRIMARY KEY (provider_id, model)
);
