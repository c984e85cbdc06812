import { type Clock } from '@edda/telemetry';
import { type Pool } from 'pg';
import { createFindings } from '../findings.ts';
import { type Anchor, type AnchorStore } from './anchor.ts';
import { checkAnchors } from './check-anchors.ts';

export interface AnchorDeps {
  service: string;
  pool: Pool;
  clock: Clock;
}

/** How one round with one store ended. */
export type Anchored =
  { outcome: 'anchored' | 'unchanged'; sequence: bigint } | { outcome: 'mismatch'; description: string };

/**
 * Writes the chain's head down in a store, unless it stands there already. A chain that does not contain the store's
 * newest anchor is not anchored: the old anchor stays the newest, and verification goes on finding the mismatch.
 */
export async function anchorOnce(deps: AnchorDeps, store: AnchorStore, signal: AbortSignal): Promise<Anchored> {
  const { pool, service, clock } = deps;
  const newest = await store.newest(service, signal);
  if (newest !== undefined) {
    const findings = createFindings();
    if (!(await checkAnchors(pool, [newest], findings))) {
      return { outcome: 'mismatch', description: findings.first[0]?.description ?? '' };
    }
  }
  const { rows } = await pool.query<{ sequence: bigint; hash: Buffer }>('SELECT sequence, hash FROM audit_head');
  const head = rows[0];
  if (head === undefined) return { outcome: 'mismatch', description: 'the recorded head of the chain is gone' };
  if (head.sequence <= (newest?.sequence ?? 0n)) return { outcome: 'unchanged', sequence: head.sequence };
  const anchor: Anchor = { service, sequence: head.sequence, hash: head.hash.toString('hex'), anchoredAt: clock.now() };
  await store.append(anchor, signal);
  await pool.query('UPDATE audit_head SET anchored_sequence = greatest(anchored_sequence, $1)', [head.sequence]);
  return { outcome: 'anchored', sequence: head.sequence };
}
