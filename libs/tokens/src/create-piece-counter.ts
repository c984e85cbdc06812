import { countMerged } from './count-merged.ts';
import { type Encoding } from './encodings.ts';
import { loadRanks } from './load-ranks.ts';

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
  /** Counts text as it stands. @param text well-formed and bounded by the caller */
  count(text: string): Count;
  /** Loads the ranks now rather than at the first count. */
  warm(): void;
}

/** Counts tokens with one encoding. `observe` sees the length of each piece merged, for tests of the bound. */
export function createPieceCounter(encoding: Encoding, observe?: (units: number) => void): PieceCounter {
  let loaded: ReturnType<typeof loadRanks> | undefined;
  const ranks = () => (loaded ??= loadRanks(encoding.vocabulary));
  const remembered = new Map<string, number>();

  function countPiece(piece: string): number {
    if (ranks().byText.has(piece)) return 1;
    const known = remembered.get(piece);
    if (known !== undefined) return known;
    observe?.(piece.length);
    const utf8 = Buffer.from(piece, 'utf8');
    const ascii = utf8.length === piece.length;
    const { byText, byBytes, ofPairs } = ranks();
    const tokens = countMerged(utf8.toString('latin1'), ascii ? byText : byBytes(), ofPairs);
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    // A match is a view into its text: remembering it as it is would keep the whole text in memory.
    remembered.set(Buffer.from(piece, 'utf16le').toString('utf16le'), tokens);
    return tokens;
  }

  function count(text: string): Count {
    const { whole, capped: marked } = encoding.normalized ? normalize(text) : { whole: text, capped: false };
    let tokens = 0;
    let capped = marked;
    for (const piece of whole.match(encoding.pieces) ?? []) {
      if (piece.length <= MAX_PIECE_UNITS) {
        tokens += countPiece(piece);
        continue;
      }
      capped = true;
      for (const part of cutPiece(piece)) tokens += countPiece(part);
    }
    return { tokens, capped };
  }

  return { count, warm: () => void ranks().byBytes() };
}

/** Everything below is its own normal form. */
const mayChange = /[^\0-\u02ff]/;
/** Sorting the marks of one character takes quadratic time; no script stacks nearly as many. */
const manyMarks = /\p{M}{64}/u;

function normalize(text: string): { whole: string; capped: boolean } {
  if (!mayChange.test(text)) return { whole: text, capped: false };
  return manyMarks.test(text) ? { whole: text, capped: true } : { whole: text.normalize('NFC'), capped: false };
}

/** Cuts into parts of at most MAX_PIECE_UNITS, never within a surrogate pair. */
function* cutPiece(piece: string): Generator<string> {
  for (let start = 0, end; start < piece.length; start = end) {
    end = wholeCharacterEnd(piece, start + MAX_PIECE_UNITS);
    yield piece.slice(start, end);
  }
}

/** `end`, or one less where it would separate the halves of a surrogate pair. */
export function wholeCharacterEnd(text: string, end: number): number {
  if (end >= text.length) return text.length;
  const before = text.charCodeAt(end - 1);
  const after = text.charCodeAt(end);
  const splits = before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
  return splits ? end - 1 : end;
}
