import { readFileSync } from 'node:fs';
import { type Token } from './token-table.ts';

/** What is read of a `tokenizer.json` of byte-level BPE. */
interface TokenizerJson {
  model: { vocab: Record<string, number> };
  added_tokens: { id: number }[];
}

/**
 * The tokens of a Hugging Face `tokenizer.json` by rank. In the families counted here a token's number is its rank,
 * and two parts merge whenever their union is a token, as in the vendors' own tokenizers; the list of merges in the
 * file says the same in another form. Special tokens are left out: no text spells them.
 */
export function readTokenizerJson(path: string): Token[] {
  const { model, added_tokens: added } = JSON.parse(readFileSync(path, 'utf8')) as TokenizerJson;
  const special = new Set(added.map(({ id }) => id));
  const table: Token[] = [];
  for (const [spelling, rank] of Object.entries(model.vocab)) {
    if (!special.has(rank)) table[rank] = tokenOf(spelling);
  }
  return table;
}

/** Undoes the spelling of bytes as printable characters. */
function tokenOf(spelling: string): Token {
  const bytes = Buffer.alloc(spelling.length);
  for (let i = 0; i < spelling.length; i++) bytes[i] = byteOf[spelling.charCodeAt(i)] ?? 0;
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes : text;
}

/** The byte each character stands for, GPT-2's table: printable Latin-1 as it is, the rest from U+0100 on, in order. */
const byteOf: readonly number[] = (() => {
  const table: number[] = [];
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) table[isPrintable(byte) ? byte : next++] = byte;
  return table;
})();

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
}
