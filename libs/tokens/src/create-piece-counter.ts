import { type Encoding } from './encodings.ts';
import { type SafeBreak, wholeCharacterEnd } from './find-break.ts';
import { type CountRules, loadRules } from './load-rules.ts';
import { BLANK_PIECE } from './read-sentence-pieces.ts';
import { NO_RANK } from './token-table.ts';

/** Longest piece merged whole, in UTF-16 units; longer ones are cut, and the count becomes an estimate. */
export const MAX_PIECE_UNITS = 256;
/** How many merged pieces are remembered; at most 10 MB, and usually far less. */
const MAX_REMEMBERED = 20_000;

/** Tokens of a stretch of text. */
export interface Count {
  tokens: number;
  /** Whether a piece or break-free run was cut for safety. */
  capped: boolean;
}

export interface PieceCounter {
  /** What the model reads before every text that is not empty. */
  readonly opening: string;
  /** Counts text as it stands. @param text well-formed and bounded by the caller */
  count(text: string): Count;
  readonly isSafeBreak: SafeBreak;
  /** Loads the vocabulary now rather than at the first count. */
  warm(): void;
}

/** Counts tokens with one encoding. `observe` sees the length of each piece merged, for tests of the bound. */
export function createPieceCounter(encoding: Encoding, observe?: (units: number) => void): PieceCounter {
  let loaded: CountRules | undefined;
  const rules = () => (loaded ??= loadRules(encoding));
  const remembered = new Map<string, number>();
  let scratch = Buffer.alloc(2 * 4_096);
  /** A piece as bytes, one per element: three for each of its units at most. */
  const bytes = new Uint16Array(3 * MAX_PIECE_UNITS);

  /** The text's units in memory of our own: reading them out of a string costs a check of its form each. */
  function unitsOf(text: string): Uint16Array {
    if (scratch.length < 2 * text.length) scratch = Buffer.alloc(4 * text.length);
    scratch.write(text, 'utf16le');
    return new Uint16Array(scratch.buffer, scratch.byteOffset, text.length);
  }

  function countPiece(text: string, units: Uint16Array, from: number, to: number): number {
    const { table, merge } = rules();
    const ascii = isAscii(units, from, to);
    const length = ascii ? to - from : toUtf8(units, from, to, bytes);
    if ((ascii ? table.rankOf(units, from, to) : table.rankOf(bytes, 0, length)) !== NO_RANK) return 1;
    const piece = text.slice(from, to);
    const known = remembered.get(piece);
    if (known !== undefined) return known;
    observe?.(piece.length);
    if (ascii) bytes.set(units.subarray(from, to));
    const tokens = merge(bytes, length, table);
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    // A slice is a view into its text: remembering it as it is would keep the whole text in memory.
    remembered.set(Buffer.from(piece, 'utf16le').toString('utf16le'), tokens);
    return tokens;
  }

  function count(text: string): Count {
    const { whole, capped: marked } = normalize(encoding, text);
    const { pieceEnd } = rules();
    const units = unitsOf(whole);
    const { length } = units;
    let tokens = 0;
    let capped = marked;
    for (let start = 0, end; start < length; start = end) {
      end = pieceEnd(units, start, length);
      capped ||= end - start > MAX_PIECE_UNITS;
      for (let from = start, to; from < end; from = to) {
        to = end - from <= MAX_PIECE_UNITS ? end : wholeCharacterEnd(whole, from + MAX_PIECE_UNITS);
        tokens += countPiece(whole, units, from, to);
      }
    }
    return { tokens, capped };
  }

  return {
    opening: encoding.kind === 'sentencepiece' ? ' ' : '',
    count,
    isSafeBreak: (text, at) => rules().isSafeBreak(text, at),
    warm: () => void rules(),
  };
}

function isAscii(units: Uint16Array, from: number, to: number): boolean {
  let bits = 0;
  for (let at = from; at < to; at++) bits |= units[at] ?? 0;
  return bits < 0x80;
}

/** Writes the units' UTF-8 into `bytes` and returns how many bytes there are. */
function toUtf8(units: Uint16Array, from: number, to: number, bytes: Uint16Array): number {
  let length = 0;
  for (let at = from; at < to; at++) {
    const unit = units[at] ?? 0;
    if (unit < 0x80) {
      bytes[length++] = unit;
    } else if (unit < 0x800) {
      bytes[length++] = 0xc0 | (unit >> 6);
      bytes[length++] = 0x80 | (unit & 0x3f);
    } else if ((unit & 0xfc00) === 0xd800) {
      const codePoint = unit * 0x400 + (units[++at] ?? 0) - 0x35fdc00;
      bytes[length++] = 0xf0 | (codePoint >> 18);
      bytes[length++] = 0x80 | ((codePoint >> 12) & 0x3f);
      bytes[length++] = 0x80 | ((codePoint >> 6) & 0x3f);
      bytes[length++] = 0x80 | (codePoint & 0x3f);
    } else {
      bytes[length++] = 0xe0 | (unit >> 12);
      bytes[length++] = 0x80 | ((unit >> 6) & 0x3f);
      bytes[length++] = 0x80 | (unit & 0x3f);
    }
  }
  return length;
}

/** Everything below is its own normal form. */
const mayChange = /[^\0-\u02ff]/;
/** Sorting the marks of one character takes quadratic time; no script stacks nearly as many. */
const manyMarks = /\p{M}{64}/u;

function normalize(encoding: Encoding, text: string): { whole: string; capped: boolean } {
  if (encoding.kind === 'sentencepiece') return { whole: text.replaceAll(BLANK_PIECE, ' '), capped: false };
  if (!encoding.normalized || !mayChange.test(text)) return { whole: text, capped: false };
  return manyMarks.test(text) ? { whole: text, capped: true } : { whole: text.normalize('NFC'), capped: false };
}
