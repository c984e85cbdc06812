/** Text, or the bytes of what is no valid UTF-8 on its own. */
export type Token = string | Uint8Array | readonly number[];

/** Above every rank. */
export const NO_RANK = 0x7fffffff;

/** A vocabulary's tokens by their bytes. */
export interface TokenTable {
  /** The rank of the token that is these bytes, one per element; NO_RANK if there is none. */
  rankOf(bytes: Uint16Array, from: number, to: number): number;
  /** The rank of two single bytes together, at `first × 256 + second`; NO_RANK where they are no token. */
  readonly ofPairs: Int32Array;
}

/** Tokens up to this many bytes lie in their slot itself: a look-up then reads one line of memory. */
const SHORT = 8;
/** A slot's numbers: two of key, one of rank and length, which is 0 where the slot is free. */
const WIDTH = 4;
const LENGTH_BITS = 10;
const MAX_BYTES = 2 ** LENGTH_BITS - 1;

/**
 * An open-addressing table over all bytes of a vocabulary: a look-up makes no string, which is what a `Map` of strings
 * spends most of its time with, and takes less memory. At most 40 % of the slots are taken, and the keys are the
 * vocabulary's, so no text can make look-ups slow.
 * @param tokens by rank; some ranks may be unused
 */
export function createTokenTable(tokens: readonly (Token | undefined)[]): TokenTable {
  const { pool, starts } = layOut(tokens);
  const size = 2 ** Math.ceil(Math.log2(2.5 * tokens.length));
  const mask = WIDTH * size - 1;
  const slots = new Int32Array(WIDTH * size);
  const ofPairs = new Int32Array(65_536).fill(NO_RANK);

  for (let rank = 0; rank < tokens.length; rank++) {
    const [from, to] = [starts[rank] ?? 0, starts[rank + 1] ?? 0];
    // No vocabulary has longer ones than a few hundred bytes; and no piece that long is looked up.
    if (from === to || to - from > MAX_BYTES) continue;
    const low = packed(pool, from, Math.min(to, from + 4));
    const high = to - from > SHORT ? hashed(pool, from + 4, to) : packed(pool, from + 4, to);
    let slot = slotOf(low, high) & mask;
    while (slots[slot + 2] !== 0) slot = (slot + WIDTH) & mask;
    slots[slot] = low;
    slots[slot + 1] = high;
    slots[slot + 2] = ((rank + 1) << LENGTH_BITS) | (to - from);
    slots[slot + 3] = from;
    if (to - from === 2) ofPairs[(pool[from] ?? 0) * 256 + (pool[from + 1] ?? 0)] = rank;
  }

  return {
    ofPairs,
    rankOf(bytes, from, to) {
      const length = to - from;
      const low = packed(bytes, from, length > 4 ? from + 4 : to);
      const high = length > SHORT ? hashed(bytes, from + 4, to) : packed(bytes, from + 4, to);
      for (let slot = slotOf(low, high) & mask; ; slot = (slot + WIDTH) & mask) {
        const found = slots[slot + 2] ?? 0;
        if (found === 0) return NO_RANK;
        if (slots[slot] !== low || slots[slot + 1] !== high || (found & MAX_BYTES) !== length) continue;
        if (length <= SHORT || isAt(slots[slot + 3] ?? 0, bytes, from, to)) return (found >>> LENGTH_BITS) - 1;
      }
    },
  };

  function isAt(start: number, bytes: Uint16Array, from: number, to: number): boolean {
    let at = from;
    while (at < to && pool[start + at - from] === bytes[at]) at++;
    return at === to;
  }
}

/** Up to four bytes as one number. */
function packed(bytes: Uint16Array, from: number, to: number): number {
  let bits = 0;
  for (let at = from; at < to; at++) bits = (bits << 8) | (bytes[at] ?? 0);
  return bits;
}

/** FNV-1a. */
function hashed(bytes: Uint16Array, from: number, to: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash;
}

/** Where a key's slot begins, before the mask: its high bits folded in, because the mask takes the low ones. */
function slotOf(low: number, high: number): number {
  const mixed = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) << 2;
}

/** All tokens one behind the other; token i spans starts[i] to starts[i + 1]. */
function layOut(tokens: readonly (Token | undefined)[]): { pool: Uint16Array; starts: Uint32Array } {
  const starts = new Uint32Array(tokens.length + 1);
  let total = 0;
  for (let rank = 0; rank < tokens.length; rank++) {
    const token = tokens[rank];
    total += token === undefined ? 0 : typeof token === 'string' ? Buffer.byteLength(token) : token.length;
    starts[rank + 1] = total;
  }
  const bytes = Buffer.alloc(total);
  for (let rank = 0; rank < tokens.length; rank++) {
    const token = tokens[rank];
    if (typeof token === 'string') bytes.write(token, starts[rank] ?? 0, 'utf8');
    else if (token !== undefined) bytes.set(token, starts[rank]);
  }
  return { pool: Uint16Array.from(bytes), starts };
}
