/** The idempotency store's tables, for lists of tables that a schema.prisma need not describe. */
export const idempotencyTables = ['idempotency_keys'] as const;

/** Outcomes are kept this long: 7 days. */
export const IDEMPOTENCY_TTL_MS = 7 * 86_400_000;

/** DDL each service copies into a migration. */
export const idempotencyTableSql = `
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
`;
