-- What happened, as the services told it. Append-only.
-- "C" collation: ids and types compare byte by byte, so a type's prefix is a range of the index.
CREATE TABLE history_events (
  event_id uuid PRIMARY KEY,
  service text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  sequence bigint NOT NULL CHECK (sequence >= 1),
  type text COLLATE "C" NOT NULL,
  occurred_at timestamptz(3) NOT NULL,
  received_at timestamptz(3) NOT NULL DEFAULT now(),
  request_id text COLLATE "C" NOT NULL,
  network_id text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  provider_id text COLLATE "C" NOT NULL,
  -- Text, not jsonb: what is read back is what was sent, to the digit.
  payload text NOT NULL CHECK (payload IS JSON OBJECT),
  -- Over everything but the event id; tells a repetition from a contradiction.
  content_hash text NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
  -- Sequences are per outbox, so two services may both have a first event about one subject.
  UNIQUE (service, subject, sequence)
);
CREATE INDEX history_events_by_time ON history_events (occurred_at, sequence, event_id);
CREATE INDEX history_events_by_user ON history_events (network_id, user_id, occurred_at, sequence, event_id);
CREATE INDEX history_events_by_provider ON history_events (provider_id, occurred_at, sequence, event_id) WHERE provider_id <> '';
CREATE INDEX history_events_by_request ON history_events (request_id) WHERE request_id <> '';
CREATE INDEX history_events_by_subject ON history_events (subject, occurred_at, sequence, event_id);

-- How far each subject is known. Its row is locked while events of the subject are stored, in the order of the key.
CREATE TABLE history_subjects (
  service text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  -- Highest sequence stored without a gap below.
  contiguous bigint NOT NULL DEFAULT 0 CHECK (contiguous >= 0),
  -- Highest sequence ever sent; above `contiguous` while something is missing in between.
  highest bigint NOT NULL CHECK (highest >= contiguous),
  PRIMARY KEY (service, subject)
);
