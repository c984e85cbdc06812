import { NO_RANK } from './load-ranks.ts';

/**
 * Byte-pair encoding of one piece: starting from single bytes, the neighbours whose union has the
 * lowest rank are merged (the leftmost of equals) until no union is a token. Returns how many parts remain.
 *
 * Quadratic in the piece's length, hence MAX_PIECE_UNITS; up to that a plain scan beats a heap.
 * @param bytes a byte string: one character per byte
 * @param ranks the rank of every token, keyed by byte string
 * @param ofPairs the same for two single bytes, see Ranks
 */
export function countMerged(bytes: string, ranks: ReadonlyMap<string, number>, ofPairs: Int32Array): number {
  // Part i spans starts[i] to starts[i + 1]; joined[i] is the rank of parts i and i + 1 together.
  let parts = bytes.length;
  const starts = new Int32Array(parts + 1);
  for (let i = 0; i <= parts; i++) starts[i] = i;
  const joined = new Int32Array(parts + 1).fill(NO_RANK);
  for (let i = 0; i < parts - 1; i++) {
    joined[i] = ofPairs[bytes.charCodeAt(i) * 256 + bytes.charCodeAt(i + 1)] ?? NO_RANK;
  }
  const rankAt = (i: number): number =>
    i + 2 > parts ? NO_RANK : (ranks.get(bytes.slice(starts[i], starts[i + 2])) ?? NO_RANK);
  for (;;) {
    const at = indexOfLowest(joined, parts - 1);
    if (at < 0) return parts;
    starts.copyWithin(at + 1, at + 2, parts + 1);
    joined.copyWithin(at, at + 1, parts);
    parts--;
    joined[at] = rankAt(at);
    if (at > 0) joined[at - 1] = rankAt(at - 1);
  }
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
