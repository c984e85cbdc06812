import { createRequire } from 'node:module';
import { countMerged, countMergedCharacters } from './count-merged.ts';
import { type Encoding, type SentencePieceEncoding } from './encodings.ts';
import { isSafeBreak, isSurrogate, type SafeBreak } from './find-break.ts';
import { findSeams } from './find-seams.ts';
import { loadTable } from './load-table.ts';
import { BLANK_PIECE, readSentencePieces } from './read-sentence-pieces.ts';
import { type PieceEnd } from './split-pieces.ts';
import { createTokenTable, type TokenTable } from './token-table.ts';

/** What counting with an encoding needs once its vocabulary is loaded. */
export interface CountRules {
  readonly table: TokenTable;
  readonly pieceEnd: PieceEnd;
  /** How many tokens a piece makes that is none itself. @param bytes one byte per element, `length` of them */
  readonly merge: (bytes: Uint16Array, length: number, table: TokenTable) => number;
  readonly isSafeBreak: SafeBreak;
}

const require = createRequire(import.meta.url);
const sentencePieces = new Map<string, CountRules>();
const BLANK = 0x20;

/** Loads an encoding's vocabulary, synchronously; encodings that share one load it once. */
export function loadRules(encoding: Encoding): CountRules {
  if (encoding.kind === 'sentencepiece') return loadSentencePieces(encoding);
  return { table: loadTable(encoding.vocabulary), pieceEnd: encoding.pieceEnd, merge: countMerged, isSafeBreak };
}

function loadSentencePieces({ module }: SentencePieceEncoding): CountRules {
  const known = sentencePieces.get(module);
  if (known !== undefined) return known;
  const pieces = readSentencePieces(require.resolve(module));
  const seams = findSeams(pieces);
  const rules: CountRules = {
    table: createTokenTable(pieces),
    pieceEnd: seams.pieceEnd,
    merge: countMergedCharacters,
    isSafeBreak(text, at) {
      const before = text.charCodeAt(at - 1);
      const after = text.charCodeAt(at);
      return !isSurrogate(before) && !isSurrogate(after) && seams.between(asBlank(before), asBlank(after));
    },
  };
  sentencePieces.set(module, rules);
  return rules;
}

/** The character that spells blanks in the vocabulary is one in a text as well. */
const asBlank = (unit: number): number => (unit === BLANK_PIECE.charCodeAt(0) ? BLANK : unit);
