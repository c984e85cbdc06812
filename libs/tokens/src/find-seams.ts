import { widthAt } from './character-classes.ts';
import { type PieceEnd } from './split-pieces.ts';

/** Where text may be cut because no token reaches across. */
export interface Seams {
  /** Whether no token has these two characters, given by code point, side by side. */
  readonly between: (before: number, after: number) => boolean;
  /** Cuts at every seam. */
  readonly pieceEnd: PieceEnd;
}

const ASCII = 128;
const CODE_POINTS = 0x110000;

/**
 * SentencePiece merges over whole texts, without a pattern that cuts them first. But a merge makes a token, so where
 * two characters stand side by side in no token, nothing ever merges across them, and both sides count apart what they
 * count together. Words are cut that way as long as no token goes on behind a word into the next blank.
 */
export function findSeams(tokens: readonly string[]): Seams {
  const joinedAscii = new Uint8Array(ASCII * ASCII);
  const joined = new Set<number>();
  for (const token of tokens) {
    let before = -1;
    for (const character of token) {
      const after = character.codePointAt(0) ?? 0;
      if (before >= 0) {
        if ((before | after) < ASCII) joinedAscii[before * ASCII + after] = 1;
        else joined.add(before * CODE_POINTS + after);
      }
      before = after;
    }
  }

  const between = (before: number, after: number) =>
    (before | after) < ASCII ? joinedAscii[before * ASCII + after] === 0 : !joined.has(before * CODE_POINTS + after);

  return {
    between,
    pieceEnd(units, start, length) {
      let before = codePointAt(units, start);
      let at = start + widthAt(units, start);
      while (at < length) {
        const after = codePointAt(units, at);
        if (between(before, after)) return at;
        before = after;
        at += widthAt(units, at);
      }
      return at;
    },
  };
}

/** @param units well-formed UTF-16 */
function codePointAt(units: Uint16Array, at: number): number {
  const unit = units[at] ?? 0;
  return (unit & 0xfc00) === 0xd800 ? unit * 0x400 + (units[at + 1] ?? 0) - 0x35fdc00 : unit;
}
