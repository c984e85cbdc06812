import { invalidInput } from '@edda/faults';
import { eikthyrnirFaults } from '../faults.ts';

/** A cursor is the oldest transaction whose changes may be missing, as decimal text. */
export function encodeCursor(position: bigint): string {
  return String(position);
}

/**
 * @param newest the position now
 * @returns undefined for an empty cursor
 * @throws INVALID_INPUT when it is malformed, CURSOR_EXPIRED when it lies ahead: another database's cursor
 */
export function decodeCursor(cursor: string, newest: bigint): bigint | undefined {
  if (cursor === '') return undefined;
  if (!/^\d{1,18}$/.test(cursor)) {
    throw invalidInput([{ field: 'cursor', description: 'is malformed; use it as it was returned' }]);
  }
  const position = BigInt(cursor);
  if (position > newest) throw eikthyrnirFaults.CURSOR_EXPIRED('The cursor is not of this database’s history.');
  return position;
}
