/** How an encoding cuts text into pieces, which byte pairs are then merged within. */
export interface Encoding {
  readonly name: EncodingName;
  /** Global and Unicode-aware; its matches cover every text without gaps. */
  readonly pieces: RegExp;
  /** Where its merge ranks live, as a module of the gpt-tokenizer package. */
  readonly ranksModule: string;
}

export const encodingNames = ['o200k_base', 'cl100k_base', 'p50k_base', 'r50k_base'] as const;
export type EncodingName = (typeof encodingNames)[number];

// The patterns are those of OpenAI's tiktoken. They were written for Rust, whose \s is Unicode's
// White_Space; JavaScript's \s adds U+FEFF and lacks U+0085, so the class is spelled out.
const space = String.raw`\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const contraction = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)`;
const upper = String.raw`\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}`;
const lower = String.raw`\p{Ll}\p{Lm}\p{Lo}\p{M}`;
const trailingSpace = `[${space}]+(?![^${space}])|[${space}]+`;

const o200k = [
  String.raw`[^\r\n\p{L}\p{N}]?[${upper}]*[${lower}]+${contraction}?`,
  String.raw`[^\r\n\p{L}\p{N}]?[${upper}]+[${lower}]*${contraction}?`,
  String.raw`\p{N}{1,3}`,
  String.raw` ?[^${space}\p{L}\p{N}]+[\r\n/]*`,
  String.raw`[${space}]*[\r\n]+`,
  trailingSpace,
].join('|');

const cl100k = [
  contraction,
  String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`,
  String.raw`\p{N}{1,3}`,
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

const patterns: Record<EncodingName, string> = {
  o200k_base: o200k,
  cl100k_base: cl100k,
  p50k_base: gpt2,
  r50k_base: gpt2,
};

export function encodingOf(name: EncodingName): Encoding {
  return { name, pieces: new RegExp(patterns[name], 'gu'), ranksModule: `gpt-tokenizer/bpeRanks/${name}` };
}
