-- Settings changed at run time. Every version is kept: `changes` is what it changed (null drops an override),
-- `overrides` all that hold from it on, both by the setting’s path.
CREATE TABLE settings_versions (
  version bigint PRIMARY KEY CHECK (version > 0),
  changes jsonb NOT NULL,
  overrides jsonb NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  on_behalf_of text,
  network_id text NOT NULL,
  request_id text NOT NULL,
  changed_at timestamptz(3) NOT NULL
);
