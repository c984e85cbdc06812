import { createRequire } from 'node:module';
import { type Vocabulary } from './encodings.ts';
import { readTokenizerJson } from './read-tokenizer-json.ts';

/** A vocabulary's tokens and their merge ranks. */
export interface Ranks {
  /** By text, for whole pieces and for merging within ASCII. */
  readonly byText: ReadonlyMap<string, number>;
  /** By byte string (one character 0–255 per byte), for merging anything else. Built on first use. */
  readonly byBytes: () => ReadonlyMap<string, number>;
  /** The rank of two single bytes together, at `first × 256 + second`; NO_RANK where they are no token. */
  readonly ofPairs: Int32Array;
}

/** Above every rank. */
export const NO_RANK = 0x7fffffff;

/** Text, or the bytes of what is no valid UTF-8 on its own. */
export type Token = string | Uint8Array | readonly number[];

const require = createRequire(import.meta.url);
const loaded = new Map<string, Ranks>();

/**
 * Loads a vocabulary's merge ranks, synchronously and only when needed: a table is megabytes of source and takes
 * 50–250 ms, which a process that never counts with it should not pay. Encodings that share one load it once.
 */
export function loadRanks({ format, module }: Vocabulary): Ranks {
  const known = loaded.get(module);
  if (known !== undefined) return known;
  const ranks = toRanks(
    format === 'tokenizer.json'
      ? readTokenizerJson(require.resolve(module))
      : (require(module) as { default: readonly Token[] }).default,
  );
  loaded.set(module, ranks);
  return ranks;
}

function toRanks(table: readonly Token[]): Ranks {
  const byText = new Map<string, number>();
  const ofPairs = new Int32Array(65_536).fill(NO_RANK);
  // Some ranks are unused: forEach skips the holes.
  table.forEach((token, rank) => {
    // Tokens that are no valid UTF-8 on their own come as bytes; no text equals them.
    if (typeof token === 'string') byText.set(token, rank);
    if (token.length > 2) return;
    const [first, second, third] = bytesOf(token);
    if (first !== undefined && second !== undefined && third === undefined) ofPairs[first * 256 + second] = rank;
  });
  let bytes: Map<string, number> | undefined;
  return { byText, ofPairs, byBytes: () => (bytes ??= byByteString(table)) };
}

function byByteString(table: readonly Token[]): Map<string, number> {
  const ranks = new Map<string, number>();
  table.forEach((token, rank) => ranks.set(bytesOf(token).toString('latin1'), rank));
  return ranks;
}

function bytesOf(token: Token): Buffer {
  return typeof token === 'string' ? Buffer.from(token, 'utf8') : Buffer.from(token);
}
