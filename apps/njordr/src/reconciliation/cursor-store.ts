import { type Pool } from 'pg';

/** The comparisons, each with a cursor of its own. */
export type PassName = 'open-holds' | 'holds' | 'transactions';

export interface CursorStore {
  /** Takes a comparison that is due. @returns how far it has come; undefined when it is not due, or another replica's */
  claim(name: PassName, now: Date, nextAt: Date): Promise<Date | undefined>;
  /** Everything made before this time is compared. Never goes back. */
  advance(name: PassName, comparedUntil: Date, nextAt: Date): Promise<void>;
}

const CLAIM = `
UPDATE reconciliation_cursors SET due_at = $3 WHERE name = $1 AND due_at <= $2 RETURNING compared_until AS "comparedUntil"`;
const ADVANCE = `
UPDATE reconciliation_cursors SET compared_until = GREATEST(compared_until, $2), due_at = GREATEST(due_at, $3)
WHERE name = $1`;

export function createCursorStore({ pool }: { pool: Pool }): CursorStore {
  return {
    async claim(name, now, nextAt) {
      return (await pool.query<{ comparedUntil: Date }>(CLAIM, [name, now, nextAt])).rows[0]?.comparedUntil;
    },
    async advance(name, comparedUntil, nextAt) {
      await pool.query(ADVANCE, [name, comparedUntil, nextAt]);
    },
  };
}
