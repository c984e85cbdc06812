-- Versions of the policies. Each row is a whole snapshot: what a decision was made by can be read years later.
-- origin 'migration' is what this product brings, 'settings' is the newest of those with the operator's own on top.
CREATE TABLE policy_snapshots (
  version bigint PRIMARY KEY CHECK (version >= 1),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  origin text NOT NULL CHECK (origin IN ('migration', 'settings')),
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  policies jsonb NOT NULL CHECK (jsonb_typeof(policies) = 'array')
);

CREATE TABLE decisions (
  decision_id text COLLATE "C" PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('provider-registration', 'request')),
  outcome text NOT NULL CHECK (outcome IN ('approve', 'deny', 'review')),
  policy_id text NOT NULL,
  -- 0 when there was no snapshot.
  policy_version bigint NOT NULL CHECK (policy_version >= 0),
  reason text NOT NULL,
  reason_code text NOT NULL CHECK (reason_code IN ('POLICY', 'POLICY_ERROR', 'NO_POLICY_SNAPSHOT', 'OVERRIDE', 'DEFAULT')),
  decided_at timestamptz(3) NOT NULL,
  subject_id text NOT NULL,
  user_id text NOT NULL,
  network_id text NOT NULL,
  -- Numbers and names of models; who it was about stands in the columns above only, so that it can be erased.
  facts jsonb NOT NULL,
  -- Over the facts including user and network.
  facts_hash text NOT NULL CHECK (facts_hash ~ '^[0-9a-f]{64}$')
);
CREATE INDEX decisions_by_time ON decisions (decided_at, decision_id);
CREATE INDEX decisions_by_user ON decisions (network_id, user_id, decided_at, decision_id);
CREATE INDEX decisions_by_subject ON decisions (subject_id, decided_at, decision_id);

-- Whose a provider is, as its newest registration said: what an owner may see of the history depends on it.
CREATE TABLE provider_owners (
  provider_id text PRIMARY KEY,
  owner_id text NOT NULL,
  network_id text NOT NULL,
  decided_at timestamptz(3) NOT NULL
);
CREATE INDEX provider_owners_by_owner ON provider_owners (network_id, owner_id);

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
