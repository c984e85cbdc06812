import { readFileSync } from 'node:fs';

/** Spells a blank in the vocabulary. */
export const BLANK_PIECE = '\u2581';
/** How many pieces, first of all, no text spells: unknown, begin, end, and one per byte. */
const UNSPELLED = 3 + 256;

/**
 * The pieces of a SentencePiece vocabulary in the order in which they merge, blanks spelled as blanks. The file is the
 * module of a package that carries them as base64; it is read, not run.
 *
 * A piece's score falls with its number, except that those of blanks alone share the lowest one, so that the leftmost
 * merges first. Blanks only ever begin a word, and there the longest first is the same thing.
 * @throws Error where the file is not such a vocabulary, or a piece has a character that is no piece
 */
export function readSentencePieces(path: string): string[] {
  const encoded = /vocab_base64 = "([A-Za-z0-9+/=]+)"/.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
  const all = Buffer.from(encoded, 'base64').toString('utf8').split('\n');
  if (all[UNSPELLED - 1] !== '<0xFF>') throw new Error(`${path} holds no SentencePiece vocabulary`);
  const pieces = all.slice(UNSPELLED).map((piece) => piece.replaceAll(BLANK_PIECE, ' '));
  const known = new Set(pieces);
  const incomplete = pieces.find((piece) => [...piece].some((character) => !known.has(character)));
  if (incomplete !== undefined) throw new Error(`${path}: no piece is all of the characters of "${incomplete}"`);
  const isBlank = (piece: string) => piece.trim() === '' && piece.startsWith(' ');
  return [...pieces.filter((piece) => !isBlank(piece)), ...pieces.filter(isBlank).sort((a, b) => b.length - a.length)];
}
