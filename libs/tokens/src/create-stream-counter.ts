import { type Count, type PieceCounter } from './create-piece-counter.ts';
import { forcedBreak, lastSafeBreak, MAX_BLOCK_UNITS } from './find-break.ts';

/** Tails up to this long, in UTF-16 units, are counted anew at every push. */
const SHORT_TAIL_UNITS = 64;

export interface StreamCount {
  push(text: string): number;
  total(): Count;
}

/**
 * Counts text that arrives in pieces. What lies before the last safe break is counted once and
 * forgotten; only the tail behind it is counted again. A tail that grows long without a break is
 * recounted each time it grew by an eighth, and in between its new characters count one token per
 * UTF-8 byte: the work stays linear in the text, and the running count errs upwards.
 */
export function createStreamCounter(counter: PieceCounter): StreamCount {
  let settled = 0;
  let capped = false;
  let tail = '';
  let opened = false;
  /** Up to here the tail is known to hold no safe break. */
  let scanned = 0;
  let counted = { units: 0, tokens: 0 };

  function settle(end: number): void {
    const count = counter.count(tail.slice(0, end).toWellFormed());
    settled += count.tokens;
    capped ||= count.capped;
    tail = tail.slice(end);
    scanned = 0;
    counted = { units: 0, tokens: 0 };
  }

  function settleWhatIsSafe(): void {
    while (tail.length > MAX_BLOCK_UNITS) {
      const safe = lastSafeBreak(counter.isSafeBreak, tail, scanned, MAX_BLOCK_UNITS);
      capped ||= safe < 0;
      settle(safe > 0 ? safe : forcedBreak(tail, 0));
    }
    const safe = lastSafeBreak(counter.isSafeBreak, tail, scanned, tail.length - 1);
    if (safe > 0) settle(safe);
    // The last character may still become the one before a break.
    scanned = Math.max(0, tail.length - 1);
  }

  function tailTokens(): number {
    const grown = tail.length - counted.units;
    if (tail.length > SHORT_TAIL_UNITS && grown * 8 < tail.length) {
      return counted.tokens + Buffer.byteLength(tail.slice(counted.units), 'utf8');
    }
    counted = { units: tail.length, tokens: counter.count(tail.toWellFormed()).tokens };
    return counted.tokens;
  }

  return {
    push(text) {
      tail += opened || text === '' ? text : counter.opening + text;
      opened ||= text !== '';
      settleWhatIsSafe();
      return settled + tailTokens();
    },
    total() {
      const rest = counter.count(tail.toWellFormed());
      return { tokens: settled + rest.tokens, capped: capped || rest.capped };
    },
  };
}
