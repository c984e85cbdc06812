import { advisoryLocks, inTransaction } from '@edda/pg-kit';
import { type ClientBase, type Pool } from 'pg';
import { GENESIS_HASH, linkHash } from './record-encoding.ts';

export interface SealOptions {
  /** Most records per transaction. */
  batchSize: number;
  /** Wait for a sealer elsewhere (at most 5 s) instead of leaving the work to it. */
  wait?: boolean;
  /** Told when the end of the chain is not what the sealer left; sealing goes on, verification names the damage. */
  onBroken?: (description: string) => void;
}

export interface Sealed {
  /** Records moved into the chain, 0 and up; fewer than `batchSize` when nothing more waits. */
  count: number;
  /** Whether another sealer was at it, so that this one did nothing. */
  busy: boolean;
}

interface End {
  headSequence: bigint | null;
  headHash: Buffer | null;
  lastSequence: bigint | null;
  lastHash: Buffer | null;
}

const LOCK_OR_LEAVE = `
SELECT pg_try_advisory_xact_lock(${advisoryLocks.auditSealer}) AS mine, set_config('edda.audit_sealing', 'on', true)`;
const LOCK_OR_WAIT = `
SELECT true AS mine, pg_advisory_xact_lock(${advisoryLocks.auditSealer}), set_config('edda.audit_sealing', 'on', true)`;
const END = `
SELECT head.sequence AS "headSequence", head.hash AS "headHash", last.sequence AS "lastSequence", last.hash AS "lastHash"
FROM (SELECT) AS one
LEFT JOIN audit_head AS head ON true
LEFT JOIN (SELECT sequence, hash FROM audit_records ORDER BY sequence DESC LIMIT 1) AS last ON true`;
const TAKE = 'SELECT id, content_hash FROM audit_intake ORDER BY id LIMIT $1';
const content = `id, format, occurred_at, actor, on_behalf_of, network_id, action, subject, request_id, reason, details,
  content_hash`;
/** The content stays in the database; only ids and hashes travel. */
const MOVE = `
WITH sealed AS (
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) AS s (record_id, sequence, previous_hash, hash)
), moved AS (
  DELETE FROM audit_intake USING sealed WHERE id = record_id
  RETURNING audit_intake.*, sequence, previous_hash, hash
), chained AS (
  INSERT INTO audit_records (sequence, ${content}, previous_hash, hash)
  SELECT sequence, ${content}, previous_hash, hash FROM moved ORDER BY sequence
)
INSERT INTO audit_head (sequence, hash) VALUES ($5, $6)
ON CONFLICT (singleton) DO UPDATE SET sequence = EXCLUDED.sequence, hash = EXCLUDED.hash`;

/** Moves the oldest waiting records to the end of the chain, in one transaction. Safe in any number of replicas. */
export function sealBatch(pool: Pool, options: SealOptions): Promise<Sealed> {
  return inTransaction(pool, async (client) => {
    if (!(await lock(client, options.wait ?? false))) return { count: 0, busy: true };
    const { rows } = await client.query<{ id: bigint; content_hash: Buffer }>({
      name: 'audit-take',
      text: TAKE,
      values: [options.batchSize],
    });
    if (rows.length > 0) await chain(client, rows, options);
    return { count: rows.length, busy: false };
  });
}

async function lock(client: ClientBase, wait: boolean): Promise<boolean> {
  if (wait) await client.query(`SET LOCAL lock_timeout = '5s'`);
  const { rows } = await client.query<{ mine: boolean }>(wait ? LOCK_OR_WAIT : LOCK_OR_LEAVE);
  return rows[0]?.mine === true;
}

async function chain(
  client: ClientBase,
  rows: readonly { id: bigint; content_hash: Buffer }[],
  { onBroken }: SealOptions,
): Promise<void> {
  let { sequence, hash } = await endOfChain(client, onBroken);
  const sequences: bigint[] = [];
  const previous: Buffer[] = [];
  const hashes: Buffer[] = [];
  for (const row of rows) {
    sequence += 1n;
    previous.push(hash);
    hash = linkHash(sequence, hash, row.content_hash);
    sequences.push(sequence);
    hashes.push(hash);
  }
  const values = [rows.map(({ id }) => id), sequences, previous, hashes, sequence, hash];
  await client.query({ name: 'audit-move', text: MOVE, values });
}

/**
 * Where the chain goes on. Should head and last record disagree, somebody changed one of them: the higher position
 * wins, so that what was cut off stays visible as a gap instead of being numbered anew.
 */
async function endOfChain(client: ClientBase, onBroken: SealOptions['onBroken']) {
  const { rows } = await client.query<End>({ name: 'audit-end', text: END });
  const { headSequence, headHash, lastSequence, lastHash } = rows[0]!;
  const last = { sequence: lastSequence ?? 0n, hash: lastHash ?? GENESIS_HASH };
  if (headSequence === null || headHash === null) {
    onBroken?.('the recorded head of the chain is gone');
    return last;
  }
  if (headSequence === last.sequence && headHash.equals(last.hash)) return last;
  onBroken?.(
    `the recorded head is record ${headSequence}, the last record is ${last.sequence}, or their hashes differ`,
  );
  return headSequence > last.sequence ? { sequence: headSequence, hash: headHash } : last;
}
