import { type EncodingName } from '../src/index.ts';

// The patterns of OpenAI's tiktoken and of the vendors' tokenizer.json, which `split-pieces.ts` follows by hand. They
// were written for Rust, whose \s is Unicode's White_Space; JavaScript's \s adds U+FEFF and lacks U+0085, so the class
// is spelled out.
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

export const patterns: Readonly<Record<EncodingName, string>> = {
  o200k_base: o200k(digits, `${contraction}?`),
  cl100k_base: cl100k(digits),
  p50k_base: gpt2,
  r50k_base: gpt2,
  llama3: cl100k(digits),
  'qwen2.5': cl100k(digit),
  qwen3: cl100k(digit),
  tekken: o200k(digit, ''),
};
