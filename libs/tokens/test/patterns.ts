import { type PatternName } from '../src/encodings.ts';

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

/** DeepSeek V3 cuts out numbers, then CJK, then cuts what is left between them; what nothing matches is left whole. */
const deepseek = [
  String.raw`\p{N}{1,3}`,
  '[一-龥぀-ゟ゠-ヿ]+',
  [
    '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+',
    String.raw`[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+`,
    String.raw` ?[\p{P}\p{S}]+[\r\n]*`,
    String.raw`[${space}]*[\r\n]+`,
    trailingSpace,
  ].join('|'),
];

const steps: Readonly<Record<PatternName, readonly string[]>> = {
  o200k_base: [o200k(digits, `${contraction}?`)],
  cl100k_base: [cl100k(digits)],
  p50k_base: [gpt2],
  r50k_base: [gpt2],
  llama3: [cl100k(digits)],
  'qwen2.5': [cl100k(digit)],
  qwen3: [cl100k(digit)],
  tekken: [o200k(digit, '')],
  'deepseek-v3': deepseek,
};

/** Cuts a text as an encoding's patterns do: matches, and what lies between them, are cut by the next pattern. */
export function cutBy(name: PatternName): (text: string) => string[] {
  const patterns = steps[name].map((source) => new RegExp(source, 'gu'));
  return (text) =>
    patterns
      .reduce<{ text: string; matched: boolean }[]>(
        (parts, pattern) => parts.flatMap((part) => (part.matched ? [part] : cut(part.text, pattern))),
        [{ text, matched: false }],
      )
      .map((part) => part.text);
}

function cut(text: string, pattern: RegExp): { text: string; matched: boolean }[] {
  const parts: { text: string; matched: boolean }[] = [];
  let end = 0;
  for (const { 0: match, index } of text.matchAll(pattern)) {
    if (index > end) parts.push({ text: text.slice(end, index), matched: false });
    parts.push({ text: match, matched: true });
    end = index + match.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), matched: false });
  return parts;
}
