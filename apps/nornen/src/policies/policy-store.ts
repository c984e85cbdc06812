import { advisoryLocks, jsonText } from '@edda/pg-kit';
import { type Policy } from '@edda/policy';
import { type ClientBase, type Pool } from 'pg';

/** A version of the policies as stored. */
export interface StoredSnapshot {
  version: bigint;
  createdAt: Date;
  sha256: string;
  policies: readonly Policy[];
}

const COLUMNS = 'version, created_at AS "createdAt", sha256, policies';

/** Keeps new versions out until the transaction ends. */
export async function lockPolicies(client: ClientBase): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [advisoryLocks.policies]);
}

/** @returns the newest version's number, 0n without any */
export async function newestVersion(db: Pool | ClientBase): Promise<bigint> {
  const { rows } = await db.query<{ version: bigint }>(
    'SELECT version FROM policy_snapshots ORDER BY version DESC LIMIT 1',
  );
  return rows[0]?.version ?? 0n;
}

/** @param origin only versions the product brought itself, or any */
export async function newestSnapshot(
  db: Pool | ClientBase,
  origin: 'migration' | 'any' = 'any',
): Promise<StoredSnapshot | undefined> {
  const { rows } = await db.query<StoredSnapshot>(
    `SELECT ${COLUMNS} FROM policy_snapshots WHERE $1 OR origin = 'migration' ORDER BY version DESC LIMIT 1`,
    [origin === 'any'],
  );
  return rows[0];
}

/** Stores the operator's version on top of the newest. Call with the lock held. */
export async function insertSnapshot(
  client: ClientBase,
  snapshot: Pick<StoredSnapshot, 'version' | 'sha256' | 'policies'>,
): Promise<void> {
  await client.query(
    `INSERT INTO policy_snapshots (version, origin, sha256, policies) VALUES ($1, 'settings', $2, $3::jsonb)`,
    [snapshot.version, snapshot.sha256, jsonText(snapshot.policies)],
  );
}
