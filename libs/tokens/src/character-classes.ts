/** What the splitting rules tell apart; bits, so that a rule can name several at once. */
export const OTHER = 1;
/** \r and \n. */
export const NEWLINE = 2;
/** The rest of Unicode's White_Space. JavaScript's \s has U+FEFF as well and lacks U+0085. */
export const SPACE = 4;
/** Numbers of any kind, \p{N}. */
export const DIGIT = 8;
/** Capitals and title case, \p{Lu} and \p{Lt}. */
export const UPPER = 16;
/** Small letters, \p{Ll}. */
export const LOWER = 32;
/** Letters without case, \p{Lm} and \p{Lo}. */
export const CASELESS = 64;
/** Combining marks, \p{M}. */
export const MARK = 128;
/** Punctuation and symbols, \p{P} and \p{S}; OTHER is the rest, such as control characters. */
export const SYMBOL = 256;

const definitions: readonly [RegExp, number][] = [
  [/^[\r\n]/, NEWLINE],
  [/^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/, SPACE],
  [/^\p{N}/u, DIGIT],
  [/^[\p{Lu}\p{Lt}]/u, UPPER],
  [/^\p{Ll}/u, LOWER],
  [/^[\p{Lm}\p{Lo}]/u, CASELESS],
  [/^\p{M}/u, MARK],
  [/^[\p{P}\p{S}]/u, SYMBOL],
];

/** The class of every code point met so far, 0 where none was: 2.2 MB, filled as texts need it. */
const classes = new Uint16Array(0x110000);

function classify(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  const found = definitions.find(([pattern]) => pattern.test(character))?.[1] ?? OTHER;
  // Halves of a pair say nothing about the whole: theirs stay 0, which `runOf` takes for a reason to look closer.
  if ((codePoint & 0x1ff800) !== 0xd800) classes[codePoint] = found;
  return found;
}

/** The class of a code point. */
export function classOf(codePoint: number): number {
  return classes[codePoint] || classify(codePoint);
}

/** The class of the character that begins at `at`. @param units well-formed UTF-16 */
export function classAt(units: Uint16Array, at: number): number {
  const unit = units[at] ?? 0;
  const codePoint = (unit & 0xfc00) === 0xd800 ? unit * 0x400 + (units[at + 1] ?? 0) - 0x35fdc00 : unit;
  return classes[codePoint] || classify(codePoint);
}

/** How many units the character that begins at `at` takes. @param units well-formed UTF-16 */
export function widthAt(units: Uint16Array, at: number): number {
  return ((units[at] ?? 0) & 0xfc00) === 0xd800 ? 2 : 1;
}

/** Where characters of the classes in `mask` end that begin at `from`. @param units well-formed UTF-16 */
export function runOf(units: Uint16Array, from: number, length: number, mask: number): number {
  let at = from;
  for (;;) {
    while (at < length && ((classes[units[at] ?? 0] ?? 0) & mask) !== 0) at++;
    // A unit the table does not know yet, or half of a pair, ends the loop above as well.
    if (at >= length || (classAt(units, at) & mask) === 0) return at;
    at += widthAt(units, at);
  }
}
