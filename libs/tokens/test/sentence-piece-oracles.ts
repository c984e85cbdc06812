import { createRequire } from 'node:module';
import llama2Tokenizer from 'llama-tokenizer-js';
import { type Oracle } from './open-model-oracles.ts';

/** A tokenizer that brings its vocabulary and the order of its merges. */
interface Packaged {
  vocabById: string[];
  /** Pairs of pieces with a blank between them, in the order in which they merge. */
  merges: Map<string, number>;
  encode(text: string, bos: boolean, precedingSpace: boolean): unknown[];
}

interface HuggingFace {
  Tokenizer: new (
    json: object,
    config: object,
  ) => { encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] } };
}

const require = createRequire(import.meta.url);
const { Tokenizer } = require('@huggingface/tokenizers') as HuggingFace;
const mistral = (require('mistral-tokenizer-js') as { default: Packaged }).default;
const packaged = { llama2: llama2Tokenizer as unknown as Packaged, 'mistral-v1': mistral, 'mistral-v3': mistral };

export type SentencePieceFamily = keyof typeof packaged;

/** What the package that brings the vocabulary counts itself. */
export function packageOracle(name: SentencePieceFamily): Oracle {
  return (text) => packaged[name].encode(text, false, true).length;
}

/** Hugging Face's tokenizer, set up as the vendors' tokenizer.json are, with the package's list of merges. */
export function huggingFacePieces(name: SentencePieceFamily): Oracle {
  const { vocabById, merges } = packaged[name];
  const tokenizer = new Tokenizer(
    {
      added_tokens: [],
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'Prepend', prepend: '▁' },
          { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        ],
      },
      pre_tokenizer: null,
      post_processor: null,
      decoder: null,
      model: {
        type: 'BPE',
        unk_token: '<unk>',
        fuse_unk: true,
        byte_fallback: true,
        vocab: Object.fromEntries(vocabById.map((piece, id) => [piece, id])),
        merges: [...merges.keys()],
      },
    },
    {},
  );
  return (text) => tokenizer.encode(text, { add_special_tokens: false }).ids.length;
}
