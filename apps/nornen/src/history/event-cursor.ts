import { nornenFaults } from '../faults.ts';

/** How far the history reaches: everything up to the position is committed, and nothing below it will ever follow. */
export interface HistoryHead {
  historyId: string;
  position: bigint;
}

const form = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d{1,18})$/;

/** A cursor names the history and the last position that was seen. */
export function encodeCursor(historyId: string, position: bigint): string {
  return `${historyId}.${position}`;
}

/** @throws CURSOR_INVALID when it is malformed, CURSOR_EXPIRED when it belongs to another history */
export function decodeCursor(cursor: string, head: HistoryHead): bigint {
  const match = form.exec(cursor);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw nornenFaults.CURSOR_INVALID('The cursor is malformed; use it as it was returned.');
  }
  const position = BigInt(match[2]);
  if (match[1] !== head.historyId || position > head.position) {
    throw nornenFaults.CURSOR_EXPIRED('The cursor is not of this history.');
  }
  return position;
}
