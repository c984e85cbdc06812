import { createRequire } from 'node:module';
import { type Vocabulary } from './encodings.ts';
import { readTokenizerJson } from './read-tokenizer-json.ts';
import { createTokenTable, type Token, type TokenTable } from './token-table.ts';

const require = createRequire(import.meta.url);
const loaded = new Map<string, TokenTable>();

/**
 * Loads a vocabulary, synchronously and only when needed: a table is megabytes of source and takes
 * 50–250 ms, which a process that never counts with it should not pay. Encodings that share one load it once.
 */
export function loadTable({ format, module }: Vocabulary): TokenTable {
  const known = loaded.get(module);
  if (known !== undefined) return known;
  const table = createTokenTable(
    format === 'tokenizer.json'
      ? readTokenizerJson(require.resolve(module))
      : (require(module) as { default: readonly Token[] }).default,
  );
  loaded.set(module, table);
  return table;
}
