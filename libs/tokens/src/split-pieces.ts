import {
  CASELESS,
  classAt,
  DIGIT,
  LOWER,
  MARK,
  NEWLINE,
  OTHER,
  runOf,
  SPACE,
  SYMBOL,
  UPPER,
  widthAt,
} from './character-classes.ts';

/** Where the piece that begins at `start` ends. @param units well-formed UTF-16, of which `length` count */
export type PieceEnd = (units: Uint16Array, start: number, length: number) => number;

/** How a family cuts text into pieces. */
export interface SplitRules {
  /** Whether a capital after small letters begins a new word. */
  cased: boolean;
  /** Where `'s`, `'ll` and their like stay together: before a word they are pieces, behind one they belong to it. */
  contractions: 'before' | 'behind' | 'none';
  /** Most digits of a piece. */
  digits: number;
  /** Characters that a run of symbols takes in behind itself. */
  symbolTail: string;
}

const LETTER = UPPER | LOWER | CASELESS;
/** What is neither letter, number nor white space. */
const REST = OTHER | SYMBOL | MARK;
const BLANK = 0x20;

/**
 * The patterns of tiktoken and its followers by hand: each choice below is an alternative of the pattern, in its order,
 * and the tests hold the result to the pattern itself. Going over the units once is several times as fast as the
 * regular expression, which looks every character up in tables of ranges.
 */
export function createSplitter({ cased, contractions, digits, symbolTail }: SplitRules): PieceEnd {
  const wordEnd = cased ? casedWordEnd : lettersEnd;
  const tail = new Set([...symbolTail].map((character) => character.charCodeAt(0)));

  function symbolsEnd(units: Uint16Array, from: number, length: number): number {
    let end = runOf(units, from, length, REST);
    while (end < length && tail.has(units[end] ?? 0)) end++;
    return end;
  }

  return (units, start, length) => {
    const kind = classAt(units, start);
    if (contractions === 'before') {
      const end = contractionEnd(units, start, length);
      if (end > start) return end;
    }
    const word = (kind & (DIGIT | NEWLINE)) === 0 ? wordEnd(units, start, length, kind) : start;
    if (word > start) return contractions === 'behind' ? contractionEnd(units, word, length) : word;
    if (kind === DIGIT) return digitsEnd(units, start, length, digits);
    if ((kind & REST) !== 0) return symbolsEnd(units, start, length);
    const second = start + 1;
    if (units[start] === BLANK && second < length && (classAt(units, second) & REST) !== 0) {
      return symbolsEnd(units, second, length);
    }
    return spaceEnd(units, start, length, true);
  };
}

/** GPT-2's pattern: only a blank belongs to what follows it, and line breaks are like any other white space. */
export const splitGpt2: PieceEnd = (units, start, length) => {
  const contraction = contractionEnd(units, start, length, false);
  if (contraction > start) return contraction;
  const from = units[start] === BLANK && start + 1 < length ? start + 1 : start;
  const kind = classAt(units, from);
  for (const mask of [LETTER, DIGIT, REST]) if ((kind & mask) !== 0) return runOf(units, from, length, mask);
  return spaceEnd(units, start, length, false);
};

/** Letters, after one character that is neither letter nor digit nor line break; `start` where there are none. */
function lettersEnd(units: Uint16Array, start: number, length: number, kind: number): number {
  const from = (kind & LETTER) !== 0 ? start : start + widthAt(units, start);
  const end = runOf(units, from, length, LETTER);
  return end > from ? end : start;
}

/**
 * Capitals, then small letters; what has no case is both. A word needs a letter that may be small, or else it is
 * capitals alone. A mark may be the character before the word or its beginning, in this order.
 */
function casedWordEnd(units: Uint16Array, start: number, length: number, kind: number): number {
  const from = (kind & LETTER) !== 0 ? start : start + widthAt(units, start);
  const end = withSmall(units, from, length);
  if (end > from) return end;
  if (kind === MARK) return withSmall(units, start, length);
  const capitals = runOf(units, from, length, UPPER);
  return capitals > from ? capitals : start;
}

/** The end of a word with at least one letter that may be small; `from` if there is none. */
function withSmall(units: Uint16Array, from: number, length: number): number {
  const small = runOf(units, from, length, LOWER);
  if (small > from) return runOf(units, small, length, LOWER | CASELESS | MARK);
  let lastBoth = from;
  for (let at = from; at < length; at += widthAt(units, at)) {
    const kind = classAt(units, at);
    if (kind === LOWER) return runOf(units, at, length, LOWER | CASELESS | MARK);
    if ((kind & (UPPER | CASELESS | MARK)) === 0) break;
    if (kind !== UPPER) lastBoth = at + widthAt(units, at);
  }
  return lastBoth;
}

export function digitsEnd(units: Uint16Array, start: number, length: number, most: number): number {
  let at = start;
  for (let taken = 0; taken < most && at < length && classAt(units, at) === DIGIT; taken++) at += widthAt(units, at);
  return at;
}

/** White space up to its last line break, if there is one; else all but the last character, unless the text ends. */
function spaceEnd(units: Uint16Array, start: number, length: number, breaksLines: boolean): number {
  let end = start;
  let lastBreak = -1;
  for (; end < length; end++) {
    const kind = classAt(units, end);
    if ((kind & (SPACE | NEWLINE)) === 0) break;
    if (kind === NEWLINE) lastBreak = end;
  }
  if (breaksLines && lastBreak >= 0) return lastBreak + 1;
  return end === length || end - start === 1 ? end : end - 1;
}

const APOSTROPHE = 0x27;
/** ſ, which is an s where case does not matter. */
const LONG_S = 0x17f;

/** Behind `'s`, `'t`, `'m`, `'d`, `'re`, `'ve` or `'ll`; `from` where none of them stands. */
function contractionEnd(units: Uint16Array, from: number, length: number, anyCase = true): number {
  if (units[from] !== APOSTROPHE || from + 1 >= length) return from;
  const bit = anyCase ? 0x20 : 0;
  const first = (units[from + 1] ?? 0) | bit;
  if (anyCase && units[from + 1] === LONG_S) return from + 2;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return from + 2;
  const second = from + 2 < length ? (units[from + 2] ?? 0) | bit : 0;
  if ((first === 0x72 || first === 0x76) && second === 0x65) return from + 3;
  return first === 0x6c && second === 0x6c ? from + 3 : from;
}
