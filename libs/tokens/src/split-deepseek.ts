import {
  CASELESS,
  classAt,
  DIGIT,
  LOWER,
  MARK,
  NEWLINE,
  OTHER,
  SPACE,
  SYMBOL,
  UPPER,
  widthAt,
} from './character-classes.ts';
import { digitsEnd, type PieceEnd } from './split-pieces.ts';

/** Chinese characters and kana, which the rules set apart from other letters. */
const CJK = 512;
const WORD = UPPER | LOWER | CASELESS | MARK;
const BLANK = 0x20;
const MOST_DIGITS = 3;

/**
 * DeepSeek V3's three steps in one: numbers and CJK are cut out first, and what lies between them is cut by a pattern
 * that does not see beyond it.
 */
export const splitDeepseek: PieceEnd = (units, start, length) => {
  const kind = kindAt(units, start, length);
  if (kind === DIGIT) return digitsEnd(units, start, length, MOST_DIGITS);
  if (kind === CJK) return runOfKinds(units, start, length, CJK);
  if ((kind & WORD) !== 0) return runOfKinds(units, start, length, WORD);
  const second = start + widthAt(units, start);
  const next = kindAt(units, second, length);
  if (kind === SYMBOL) {
    if (isAsciiLetter(units, second, length) && (units[start] ?? 0) < 0x80)
      return asciiLettersEnd(units, second, length);
    return symbolsEnd(units, start, length);
  }
  if (kind !== NEWLINE && (next & WORD) !== 0) return runOfKinds(units, second, length, WORD);
  if (units[start] === BLANK && next === SYMBOL) return symbolsEnd(units, second, length);
  return kind === OTHER ? unmatchedEnd(units, start, length) : spaceEnd(units, start, length);
};

/** The class of a character, CJK before any other; 0 behind the end. */
function kindAt(units: Uint16Array, at: number, length: number): number {
  if (at >= length) return 0;
  const unit = units[at] ?? 0;
  return (unit >= 0x4e00 && unit <= 0x9fa5) || (unit >= 0x3040 && unit <= 0x30ff) ? CJK : classAt(units, at);
}

function runOfKinds(units: Uint16Array, from: number, length: number, mask: number): number {
  let at = from;
  while ((kindAt(units, at, length) & mask) !== 0) at += widthAt(units, at);
  return at;
}

function isAsciiLetter(units: Uint16Array, at: number, length: number): boolean {
  const letter = (units[at] ?? 0) | 0x20;
  return at < length && letter >= 0x61 && letter <= 0x7a;
}

function asciiLettersEnd(units: Uint16Array, from: number, length: number): number {
  let at = from;
  while (isAsciiLetter(units, at, length)) at++;
  return at;
}

function symbolsEnd(units: Uint16Array, from: number, length: number): number {
  return runOfKinds(units, runOfKinds(units, from, length, SYMBOL), length, NEWLINE);
}

/** What no rule takes is a piece up to where one does: before a word, the last such character belongs to the word. */
function unmatchedEnd(units: Uint16Array, start: number, length: number): number {
  let at = start;
  while (kindAt(units, at, length) === OTHER) {
    const next = at + widthAt(units, at);
    if ((kindAt(units, next, length) & WORD) !== 0) break;
    at = next;
  }
  return at;
}

/** Up to the last line break, if there is one; else all but the last character, unless the stretch ends there. */
function spaceEnd(units: Uint16Array, start: number, length: number): number {
  let end = start;
  let lastBreak = -1;
  for (; (kindAt(units, end, length) & (SPACE | NEWLINE)) !== 0; end++) {
    if (kindAt(units, end, length) === NEWLINE) lastBreak = end;
  }
  if (lastBreak >= 0) return lastBreak + 1;
  const stretchEnds = end === length || (kindAt(units, end, length) & (DIGIT | CJK)) !== 0;
  return stretchEnds || end - start === 1 ? end : end - 1;
}
