import { type Pool } from 'pg';

export interface ReplicaAddress {
  replicaId: string;
  /** `host:port`. */
  address: string;
}

/** A replica that has shown no life for this long is forgotten, ms. */
const FORGET_AFTER_MS = 30_000;

/** Shows that this replica lives, by the database's clock. */
export async function noteReplica(pool: Pool, { replicaId, address }: ReplicaAddress): Promise<void> {
  await pool.query(
    `INSERT INTO replicas (replica_id, address, heartbeat_at) VALUES ($1, $2, now())
     ON CONFLICT (replica_id) DO UPDATE SET address = EXCLUDED.address, heartbeat_at = now()`,
    [replicaId, address],
  );
}

/** The others; some of them may be gone already. */
export async function listOthers(pool: Pool, replicaId: string): Promise<ReplicaAddress[]> {
  const { rows } = await pool.query<ReplicaAddress>(
    `SELECT replica_id AS "replicaId", address FROM replicas WHERE replica_id <> $1 ORDER BY replica_id`,
    [replicaId],
  );
  return rows;
}

/** Forgets replicas without a sign of life, and who was connected to them. */
export async function sweepReplicas(pool: Pool, ownId: string): Promise<void> {
  const { rowCount } = await pool.query(`DELETE FROM replicas WHERE heartbeat_at < now() - make_interval(secs => $1)`, [
    FORGET_AFTER_MS / 1_000,
  ]);
  if ((rowCount ?? 0) > 0) await forgetLines(pool, ownId);
}

export async function forgetReplica(pool: Pool, replicaId: string): Promise<void> {
  await pool.query('DELETE FROM replicas WHERE replica_id = $1', [replicaId]);
  await pool.query(
    'UPDATE providers SET connected = false, connected_replica = NULL WHERE connected AND connected_replica = $1',
    [replicaId],
  );
}

/** Of a service with a single replica: whoever else is listed was killed. */
export async function forgetOthers(pool: Pool, ownId: string): Promise<void> {
  await pool.query('DELETE FROM replicas WHERE replica_id <> $1', [ownId]);
  await forgetLines(pool, ownId);
}

/** Nobody is connected to a replica that is gone, whatever it left behind. */
export async function forgetLines(pool: Pool, ownId: string): Promise<void> {
  await pool.query(
    `UPDATE providers SET connected = false, connected_replica = NULL
     WHERE connected AND connected_replica IS DISTINCT FROM $1
       AND NOT EXISTS (SELECT FROM replicas r WHERE r.replica_id = connected_replica)`,
    [ownId],
  );
}
