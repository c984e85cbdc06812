import { NO_RANK, type TokenTable } from './token-table.ts';

/**
 * Byte-pair encoding of one piece: starting from single bytes, the neighbours whose union has the
 * lowest rank are merged (the leftmost of equals) until no union is a token. Returns how many parts remain.
 *
 * Quadratic in the piece's length, hence MAX_PIECE_UNITS; up to that a plain scan beats a heap.
 * @param bytes one byte per element, of which the first `length` are the piece
 */
export function countMerged(bytes: Uint16Array, length: number, table: TokenTable): number {
  const { starts, joined } = roomFor(length);
  for (let i = 0; i <= length; i++) starts[i] = i;
  for (let i = 0; i < length - 1; i++)
    joined[i] = table.ofPairs[(bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0)] ?? NO_RANK;
  return mergeParts(bytes, length, table);
}

/**
 * The same from single characters on, as SentencePiece merges. A character alone that is no token counts its bytes.
 * @param bytes UTF-8: characters that are tokens, or one that is none
 */
export function countMergedCharacters(bytes: Uint16Array, length: number, table: TokenTable): number {
  const { starts, joined } = roomFor(length);
  let parts = 0;
  for (let i = 0; i < length; i++) if (((bytes[i] ?? 0) & 0xc0) !== 0x80) starts[parts++] = i;
  starts[parts] = length;
  if (parts === 1) return length;
  for (let i = 0; i < parts - 1; i++) joined[i] = table.rankOf(bytes, starts[i] ?? 0, starts[i + 2] ?? 0);
  return mergeParts(bytes, parts, table);
}

/** Merges what lies in the room: part i spans starts[i] to starts[i + 1]; joined[i] is the rank of i and i + 1 together. */
function mergeParts(bytes: Uint16Array, count: number, table: TokenTable): number {
  let parts = count;
  const { starts, joined } = room;
  for (;;) {
    const at = indexOfLowest(joined, parts - 1);
    if (at < 0) return parts;
    parts--;
    for (let i = at + 1; i <= parts; i++) starts[i] = starts[i + 1] ?? 0;
    for (let i = at; i < parts - 1; i++) joined[i] = joined[i + 1] ?? NO_RANK;
    if (at < parts - 1) joined[at] = table.rankOf(bytes, starts[at] ?? 0, starts[at + 2] ?? 0);
    if (at > 0) joined[at - 1] = table.rankOf(bytes, starts[at - 1] ?? 0, starts[at + 1] ?? 0);
  }
}

/** Used by one merge after the other: making two arrays takes as long as merging a short piece. */
let room = { starts: new Int32Array(1_024), joined: new Int32Array(1_024) };

function roomFor(length: number): typeof room {
  if (length >= room.starts.length) room = { starts: new Int32Array(2 * length), joined: new Int32Array(2 * length) };
  return room;
}

/** Where the first of the lowest ranks stands among the first `length`, or -1 if there is no rank. */
function indexOfLowest(ranks: Int32Array, length: number): number {
  let lowest = NO_RANK;
  let at = -1;
  for (let i = 0; i < length; i++) {
    const rank = ranks[i] ?? NO_RANK;
    if (rank < lowest) {
      lowest = rank;
      at = i;
    }
  }
  return at;
}
