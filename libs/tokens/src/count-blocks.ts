import { type Count, type PieceCounter } from './create-piece-counter.ts';
import { forcedBreak, lastSafeBreak, MAX_BLOCK_UNITS } from './find-break.ts';

/**
 * Counts text of any length in blocks that end at safe breaks, so that neither the pattern's
 * backtracking nor a merge ever sees more than one block.
 */
export function countBlocks(counter: PieceCounter, text: string): Count {
  const total: Count = { tokens: 0, capped: false };
  if (text === '') return total;
  const whole = counter.opening + text.toWellFormed();
  for (let start = 0, end; start < whole.length; start = end) {
    const block = nextBlock(counter, whole, start);
    end = block.end;
    const count = counter.count(whole.slice(start, end));
    total.tokens += count.tokens;
    total.capped ||= count.capped || block.forced;
  }
  return total;
}

/** The end of the block that starts at `start`, and whether it had to be cut where no break was. */
function nextBlock(counter: PieceCounter, text: string, start: number): { end: number; forced: boolean } {
  if (text.length - start <= MAX_BLOCK_UNITS) return { end: text.length, forced: false };
  const safe = lastSafeBreak(counter.isSafeBreak, text, start, start + MAX_BLOCK_UNITS);
  return safe > 0 ? { end: safe, forced: false } : { end: forcedBreak(text, start), forced: true };
}
