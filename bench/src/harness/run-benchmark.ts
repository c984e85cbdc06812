import { type Benchmark, type Contest, type Sample } from './benchmark.ts';
import { median } from './median.ts';

/** Fewer rounds leave the median to chance: single rounds differ by 20–30 % on a shared two-core machine. */
export const minRounds = 5;

export interface BenchmarkResult {
  name: string;
  /** Median of the subject ÷ median of the yardstick. */
  ratio: number;
  target: Benchmark['target'];
  met: boolean;
  yardstick: string;
  unit: string;
  rounds: number;
  medians: { subject: number; yardstick: number };
  /** Medians of the CPU time per operation, in microseconds, where the samples carry it. */
  cpuMicrosPerOperation?: { subject?: number; yardstick?: number };
  /** Every measured round in order; the warm-up is not among them. */
  raw: { subject: Sample[]; yardstick: Sample[] };
}

export interface RunOptions {
  /** At least {@link minRounds}; a smaller or fractional number is a RangeError. */
  rounds: number;
  log: (line: string) => void;
}

/**
 * Measures both sides in interleaved rounds after one warm-up of each. Which side goes first alternates, so that a
 * machine that slows down or warms up while measuring favours neither.
 */
export async function runBenchmark(benchmark: Benchmark, { rounds, log }: RunOptions): Promise<BenchmarkResult> {
  if (!Number.isInteger(rounds) || rounds < minRounds) throw new RangeError(`at least ${minRounds} whole rounds`);
  const contest = await benchmark.setup();
  try {
    await contest.runSubject();
    await contest.runYardstick();
    const raw: BenchmarkResult['raw'] = { subject: [], yardstick: [] };
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? (['subject', 'yardstick'] as const) : (['yardstick', 'subject'] as const);
      for (const side of order) raw[side].push(await measure(contest, side));
      const [subject, yardstick] = [raw.subject[round]?.value, raw.yardstick[round]?.value];
      log(`round ${round + 1}/${rounds}: ${figure(subject)} against ${figure(yardstick)} ${benchmark.unit}`);
    }
    return summarize(benchmark, raw);
  } finally {
    await contest.teardown();
  }
}

async function measure(contest: Contest, side: 'subject' | 'yardstick'): Promise<Sample> {
  const sample = side === 'subject' ? await contest.runSubject() : await contest.runYardstick();
  if (!(sample.value > 0 && Number.isFinite(sample.value))) throw new RangeError(`${side} measured ${sample.value}`);
  return sample;
}

/** Ratio, target and medians of what was measured. */
export function summarize(benchmark: Benchmark, raw: BenchmarkResult['raw']): BenchmarkResult {
  const { name, target, yardstick, unit } = benchmark;
  const medians = { subject: medianValue(raw.subject), yardstick: medianValue(raw.yardstick) };
  const ratio = medians.subject / medians.yardstick;
  const cpu = { ...cpuOf('subject', raw), ...cpuOf('yardstick', raw) };
  return {
    name,
    ratio,
    target,
    met: target.better === 'higher' ? ratio >= target.ratio : ratio <= target.ratio,
    yardstick,
    unit,
    rounds: raw.subject.length,
    medians,
    ...(Object.keys(cpu).length > 0 ? { cpuMicrosPerOperation: cpu } : {}),
    raw,
  };
}

const medianValue = (samples: readonly Sample[]) => median(samples.map(({ value }) => value));

function cpuOf(side: 'subject' | 'yardstick', raw: BenchmarkResult['raw']) {
  const known = raw[side].flatMap(({ cpuMicrosPerOperation }) => cpuMicrosPerOperation ?? []);
  return known.length > 0 ? { [side]: median(known) } : {};
}

/** Three significant digits or whole numbers: more would only show noise. */
export const figure = (value: number | undefined): string =>
  value === undefined ? '–' : value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
