import { type ClientBase, type Pool } from 'pg';
import { pgKitFaults } from '../faults.ts';

/**
 * Counts events waiting for delivery, from the partial index, stopping at `atMost`.
 * @returns 0 … atMost
 */
export async function countPending(db: Pool | ClientBase, atMost = 1_000_000): Promise<number> {
  const { rows } = await db.query<{ pending: bigint | string }>(
    'SELECT count(*) AS pending FROM (SELECT FROM outbox_events WHERE NOT published LIMIT $1) waiting',
    [atMost],
  );
  return Number(rows[0]?.pending ?? 0);
}

/**
 * Refuses new work while the outbox is full: intake slows, events are never dropped. One index count per call; a
 * running relay's `assertCapacity` answers from its last count instead.
 * @throws OUTBOX_FULL when `maxPending` or more events wait
 */
export async function assertOutboxCapacity(db: Pool | ClientBase, maxPending: number): Promise<void> {
  const pending = await countPending(db, maxPending);
  if (pending >= maxPending) throw outboxFull(maxPending);
}

export function outboxFull(maxPending: number): Error {
  return pgKitFaults.OUTBOX_FULL(`At least ${maxPending} events wait for delivery.`, { retryAfterMs: 1_000 });
}
