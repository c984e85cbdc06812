-- The audit log, as @edda/audit describes it; a test compares the two.

CREATE SEQUENCE audit_record_ids;

CREATE TABLE audit_intake (
  id bigint PRIMARY KEY DEFAULT nextval('audit_record_ids'),
  format smallint NOT NULL,
  occurred_at timestamptz NOT NULL,
  actor text NOT NULL,
  on_behalf_of text NOT NULL,
  network_id text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  request_id text NOT NULL,
  reason text NOT NULL,
  -- Text, not jsonb: what is hashed must come back byte for byte.
  details text NOT NULL,
  content_hash bytea NOT NULL
);

CREATE TABLE audit_records (
  sequence bigint PRIMARY KEY,
  id bigint NOT NULL,
  format smallint NOT NULL,
  occurred_at timestamptz NOT NULL,
  actor text NOT NULL,
  on_behalf_of text NOT NULL,
  network_id text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  request_id text NOT NULL,
  reason text NOT NULL,
  details text NOT NULL,
  content_hash bytea NOT NULL,
  previous_hash bytea NOT NULL,
  hash bytea NOT NULL
);
CREATE INDEX audit_records_subject ON audit_records (subject, sequence);
CREATE INDEX audit_records_actor ON audit_records (actor, sequence);
CREATE INDEX audit_records_request ON audit_records (request_id, sequence) WHERE request_id <> '';

-- The chain's end as the sealer left it, and what of it was anchored off-site.
CREATE TABLE audit_head (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  sequence bigint NOT NULL,
  hash bytea NOT NULL,
  anchored_sequence bigint NOT NULL DEFAULT 0
);
INSERT INTO audit_head (sequence, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Only the sealer, by moving rows into the chain, takes anything out of the intake.
  IF TG_TABLE_NAME = 'audit_intake' AND TG_OP = 'DELETE'
    AND current_setting('edda.audit_sealing', true) = 'on' THEN RETURN NULL;
  END IF;
  RAISE EXCEPTION '% on % is refused: audit records are never changed', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_intake_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_intake
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_records_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_records
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
