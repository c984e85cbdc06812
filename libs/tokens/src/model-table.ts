import { invalidInput } from '@edda/faults';
import { encodingNames, type EncodingName } from './encodings.ts';

/**
 * Which encoding counts which model exactly: names, or prefixes ending in `*`. An exact name beats a prefix, a longer
 * prefix a shorter one. Sources: OpenAI's published list (tiktoken, model.py); for the open models the names their
 * vendors, Ollama and hosters give them. Prefixes end where a later generation could begin: `qwen3*` would take in
 * Qwen 3.5, whose vocabulary is another.
 */
export const modelTable: Readonly<Record<string, EncodingName>> = {
  'builtin-ngram*': 'o200k_base',
  'gpt-5*': 'o200k_base',
  'gpt-4.5*': 'o200k_base',
  'gpt-4.1*': 'o200k_base',
  'gpt-4o*': 'o200k_base',
  'chatgpt-4o*': 'o200k_base',
  'ft:gpt-4o*': 'o200k_base',
  'ft:gpt-4.1*': 'o200k_base',
  'gpt-oss*': 'o200k_base',
  'o1*': 'o200k_base',
  'o3*': 'o200k_base',
  'o4*': 'o200k_base',
  'gpt-4*': 'cl100k_base',
  'gpt-3.5*': 'cl100k_base',
  'gpt-35*': 'cl100k_base',
  'ft:gpt-4*': 'cl100k_base',
  'ft:gpt-3.5*': 'cl100k_base',
  'davinci-002': 'cl100k_base',
  'babbage-002': 'cl100k_base',
  'text-embedding-3*': 'cl100k_base',
  'text-embedding-ada-002': 'cl100k_base',
  'text-davinci-002': 'p50k_base',
  'text-davinci-003': 'p50k_base',
  'code-davinci*': 'p50k_base',
  'code-cushman*': 'p50k_base',
  'text-davinci-001': 'r50k_base',
  'text-curie-001': 'r50k_base',
  'text-babbage-001': 'r50k_base',
  'text-ada-001': 'r50k_base',
  davinci: 'r50k_base',
  curie: 'r50k_base',
  babbage: 'r50k_base',
  ada: 'r50k_base',
  gpt2: 'r50k_base',
  ...openModels(),
};

function openModels(): Record<string, EncodingName> {
  const table: Record<string, EncodingName> = {};
  const families: [EncodingName, string[]][] = [
    ['llama3', ['llama3', 'llama3:*', 'llama3-*', 'llama3.1*', 'llama3.2*', 'llama3.3*', 'llama-3-*', 'llama-3.*']],
    ['llama3', ['meta-llama/Llama-3.*', 'meta-llama/Meta-Llama-3-*', 'meta-llama/Meta-Llama-3.*']],
    ['llama3', ['meta-llama/llama-3-*', 'meta-llama/llama-3.*']],
    ['qwen2.5', ['qwen2.5', 'qwen2.5:*', 'qwen2.5-*', 'Qwen/Qwen2.5-*', 'qwen/qwen2.5-*', 'qwen/qwen-2.5-*']],
    ['qwen3', ['qwen3', 'qwen3:*', 'qwen3-*', 'Qwen/Qwen3-*', 'qwen/qwen3-*']],
    ['tekken', ['mistral-nemo', 'mistral-nemo:*', 'mistral-nemo-*', 'open-mistral-nemo*']],
    ['tekken', ['mistralai/Mistral-Nemo-*', 'mistralai/mistral-nemo*']],
    ['llama2', ['llama2', 'llama2:*', 'llama-2-*', 'meta-llama/Llama-2-*', 'meta-llama/llama-2-*']],
    [
      'mistral-v1',
      [
        'mixtral',
        'mixtral:latest',
        'mistral:v0.1',
        'mistral:v0.2',
        'mistral:7b-instruct-v0.2*',
        'mixtral:8x7b*',
        'mixtral-8x7b-*',
      ],
    ],
    ['mistral-v1', ['mistralai/Mistral-7B-Instruct-v0.1', 'mistralai/Mistral-7B-Instruct-v0.2']],
    ['mistral-v1', ['mistralai/Mixtral-8x7B-*', 'mistralai/mixtral-8x7b-*']],
    ['mistral-v3', ['mistral', 'mistral:latest', 'mistral:7b', 'mistral:v0.3', 'mistral:7b-instruct-v0.3*']],
    ['mistral-v3', ['mixtral:8x22b*', 'open-mixtral-8x22b*', 'mistralai/Mixtral-8x22B-*', 'mistralai/mixtral-8x22b-*']],
    ['mistral-v3', ['mistralai/Mistral-7B-Instruct-v0.3', 'mistralai/Mistral-Large-Instruct-2407']],
    ['mistral-v3', ['mistral-small-2402', 'mistral-large-2402', 'mistral-large-2407', 'codestral-2405']],
    ['mistral-v3', ['mistralai/Codestral-22B-v0.1']],
    ['deepseek-v3', ['deepseek-v3', 'deepseek-v3:*', 'deepseek-ai/DeepSeek-V3', 'deepseek-ai/DeepSeek-V3-0324']],
  ];
  for (const [encoding, patterns] of families) for (const pattern of patterns) table[pattern] = encoding;
  return table;
}

/** A lookup by model over a table of names and prefixes; undefined where nothing matches. */
export function createPatternLookup<Value>(
  table: Readonly<Record<string, Value>>,
): (model: string) => Value | undefined {
  const entries = Object.entries(table);
  const exact = new Map(entries.filter(([pattern]) => !pattern.endsWith('*')));
  const prefixes = entries
    .filter(([pattern]) => pattern.endsWith('*'))
    .map(([pattern, value]) => ({ prefix: pattern.slice(0, -1), value }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  return (model) => exact.get(model) ?? prefixes.find(({ prefix }) => model.startsWith(prefix))?.value;
}

/** @throws INVALID_INPUT for each entry that names an unknown encoding */
export function checkModelTable(table: Readonly<Record<string, string>>): Record<string, EncodingName> {
  const known = new Set<string>(encodingNames);
  const violations = Object.entries(table)
    .filter(([, name]) => !known.has(name))
    .map(([pattern, name]) => ({
      field: `table.${pattern}`,
      description: `"${name}" is none of ${encodingNames.join(', ')}`,
    }));
  if (violations.length > 0) throw invalidInput(violations);
  return table as Record<string, EncodingName>;
}
