/** The tables of changed settings, for lists of tables that a schema.prisma need not describe. */
export const settingsTables = ['settings_versions'] as const;

/**
 * DDL each service copies into a migration. Every version is kept: `changes` is what it changed (null drops an
 * override), `overrides` all that hold from it on, both by the setting's path.
 */
export const settingsTableSql = `
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
`;
