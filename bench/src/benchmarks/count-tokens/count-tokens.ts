import { type Benchmark, type Contest, type Sample } from '../../harness/benchmark.ts';

/** Long enough that a collection of garbage more or less does not show. */
const ROUND_MS = 1_000;
const model = 'gpt-4o';
const yardstick = 'the same texts counted by tiktoken (WASM), o200k_base, the counts equal';

/** Counting prose as Heidrun does, in the calling thread. */
export const countTokensProse: Benchmark = {
  name: 'count-tokens-prose',
  description: 'counts prose and documentation with o200k_base, exactly, one thread',
  yardstick,
  unit: 'MB/s',
  target: { ratio: 2.5, better: 'higher' },
  setup: async () => throughput((await import('./texts.ts')).prose()),
};

/** The same for source code, whose pieces are short. */
export const countTokensCode: Benchmark = {
  name: 'count-tokens-code',
  description: 'counts TypeScript with o200k_base, exactly, one thread',
  yardstick,
  unit: 'MB/s',
  target: { ratio: 8, better: 'higher' },
  setup: async () => throughput((await import('./texts.ts')).code()),
};

async function throughput(texts: readonly string[]): Promise<Contest> {
  const { createTokenCounter } = await import('@edda/tokens');
  const { get_encoding } = await import('tiktoken');
  const counter = createTokenCounter();
  const reference = get_encoding('o200k_base');
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  for (const text of texts) {
    const { tokens } = counter.countText(model, text);
    const expected = reference.encode_ordinary(text).length;
    if (tokens !== expected) throw new Error(`${tokens} tokens, tiktoken counts ${expected}`);
  }
  const fresh = () => {
    // Remembers no piece of an earlier text; the vocabulary is loaded.
    const first = createTokenCounter();
    return megabytesPerSecond(bytes, texts, (text) => first.countText(model, text), 0);
  };
  return {
    runSubject: async () => {
      const details = { firstPassMegabytesPerSecond: fresh().value };
      return { ...megabytesPerSecond(bytes, texts, (text) => counter.countText(model, text), ROUND_MS), details };
    },
    runYardstick: async () => megabytesPerSecond(bytes, texts, (text) => reference.encode_ordinary(text), ROUND_MS),
    teardown: async () => reference.free(),
  };
}

/** Counts all texts again and again for at least so long; an operation is a megabyte. */
function megabytesPerSecond(
  bytes: number,
  texts: readonly string[],
  count: (text: string) => unknown,
  atLeastMs: number,
): Sample {
  const startMs = performance.now();
  const before = process.cpuUsage();
  let megabytes = 0;
  do {
    for (const text of texts) count(text);
    megabytes += bytes / 1e6;
  } while (performance.now() - startMs < atLeastMs);
  const seconds = (performance.now() - startMs) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return { value: megabytes / seconds, cpuMicrosPerOperation: (user + system) / megabytes };
}
