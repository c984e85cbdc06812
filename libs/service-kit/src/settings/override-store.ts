import { advisoryLocks, jsonText } from '@edda/pg-kit';
import { type Overrides } from '@edda/settings';
import { type ClientBase, type Pool } from 'pg';

/** The overrides of one version; version 0 without any. */
export interface StoredOverrides {
  version: bigint;
  overrides: Overrides;
}

/** A version as it is stored: who changed what, when and why. */
export interface NewVersion extends StoredOverrides {
  changes: Readonly<Record<string, unknown>>;
  reason: string;
  /** Whose token it was. */
  actor: string;
  /** Whom the actor acted for. */
  onBehalfOf: string | undefined;
  networkId: string;
  requestId: string;
  changedAt: Date;
}

/** Keeps new versions out until the transaction ends. */
export async function lockOverrides(client: ClientBase): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [advisoryLocks.settings]);
}

/** @returns the newest version's number, 0n without any */
export async function newestVersion(db: Pool | ClientBase): Promise<bigint> {
  const { rows } = await db.query<{ version: bigint }>({
    name: 'settings-newest-version',
    text: 'SELECT version FROM settings_versions ORDER BY version DESC LIMIT 1',
  });
  return rows[0]?.version ?? 0n;
}

export async function newestOverrides(db: Pool | ClientBase): Promise<StoredOverrides> {
  const { rows } = await db.query<StoredOverrides>(
    'SELECT version, overrides FROM settings_versions ORDER BY version DESC LIMIT 1',
  );
  return rows[0] ?? { version: 0n, overrides: {} };
}

/** Call with the lock held. */
export async function insertVersion(client: ClientBase, row: NewVersion): Promise<void> {
  await client.query(
    `INSERT INTO settings_versions
       (version, changes, overrides, reason, actor, on_behalf_of, network_id, request_id, changed_at)
     VALUES ($1, $2::jsonb, $3::jsonb, $4, $5, $6, $7, $8, $9)`,
    [
      ...[row.version, jsonText(row.changes), jsonText(row.overrides), row.reason],
      ...[row.actor, row.onBehalfOf ?? null, row.networkId, row.requestId, row.changedAt],
    ],
  );
}
