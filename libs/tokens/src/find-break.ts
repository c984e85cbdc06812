import { CASELESS, classOf, DIGIT, LOWER, MARK, UPPER } from './character-classes.ts';

/** Longest run without a safe break that is counted as one, in UTF-16 units. */
export const MAX_BLOCK_UNITS = 2_048;

/** Whether cutting a text at `at` changes no count. */
export type SafeBreak = (text: string, at: number) => boolean;

const LETTER = UPPER | LOWER | CASELESS;
const APOSTROPHE = 0x27;

/**
 * Whether text may be cut at `at` without changing any count: what stands before and behind is cut
 * into the same pieces apart as together. That holds in all patterns
 * - between a number and anything else, since numbers share a piece with nothing behind them, and
 * - between a letter and what is no letter, mark or apostrophe, since nothing else extends a word.
 * Characters outside the basic plane are never taken for a break, nor those that Unicode's normal form C replaces:
 * with the others, normalizing both sides apart is normalizing them together.
 */
export function isSafeBreak(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  if (isSurrogate(before) || isSurrogate(after)) return false;
  const [kind, next] = [classOf(before), classOf(after)];
  const separate =
    kind === DIGIT ? next !== DIGIT : (kind & LETTER) !== 0 && (next & (LETTER | MARK)) === 0 && after !== APOSTROPHE;
  return separate && !isReplaced(before) && !isReplaced(after);
}

/** The last break that `isSafe` in `from < at ≤ to`, or -1. It needs the character behind: `at` stays inside the text. */
export function lastSafeBreak(isSafe: SafeBreak, text: string, from: number, to: number): number {
  for (let at = Math.min(to, text.length - 1); at > from; at--) if (isSafe(text, at)) return at;
  return -1;
}

/** Where a run without safe break is cut by force; deterministic, so that streams and full counts agree. */
export function forcedBreak(text: string, from: number): number {
  return wholeCharacterEnd(text, from + MAX_BLOCK_UNITS);
}

export function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

function isReplaced(unit: number): boolean {
  if (unit < 0x300) return false;
  const character = String.fromCharCode(unit);
  return character.normalize('NFC') !== character;
}

/** `end`, or one less where it would separate the halves of a surrogate pair. */
export function wholeCharacterEnd(text: string, end: number): number {
  if (end >= text.length) return text.length;
  const before = text.charCodeAt(end - 1);
  const after = text.charCodeAt(end);
  const splits = before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
  return splits ? end - 1 : end;
}
