import { parseArgs } from 'node:util';
import { type Benchmark } from './benchmark.ts';
import { listText, resultText } from './report.ts';
import { minRounds, runBenchmark } from './run-benchmark.ts';

export interface CommandOutput {
  /** Results only; with `--json` exactly one line. */
  stdout: (text: string) => void;
  /** Progress and usage errors. */
  stderr: (text: string) => void;
}

/**
 * `[name] [--json] [--rounds N]`: lists the benchmarks, or runs one and prints its result. Returns the exit code:
 * 0 when it was measured, whether or not the target was met (the result says), 2 for a wrong command line.
 */
export async function benchCommand(args: readonly string[], benchmarks: readonly Benchmark[], output: CommandOutput) {
  const parsed = parse(args);
  if (typeof parsed === 'string') return usage(parsed);
  const { name, json, rounds } = parsed;
  if (name === undefined) {
    output.stdout(json ? JSON.stringify(benchmarks.map(facts)) : listText(benchmarks));
    return 0;
  }
  const benchmark = benchmarks.find((candidate) => candidate.name === name);
  if (!benchmark) return usage(`no benchmark is named ${name}`);
  const result = await runBenchmark(benchmark, { rounds, log: output.stderr });
  output.stdout(json ? JSON.stringify(result) : resultText(result));
  return 0;

  function usage(problem: string): number {
    output.stderr(`${problem}\n\n${listText(benchmarks)}`);
    return 2;
  }
}

const facts = ({ name, description, yardstick, unit, target }: Benchmark) => ({
  name,
  description,
  yardstick,
  unit,
  target,
});

function parse(args: readonly string[]): { name?: string; json: boolean; rounds: number } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: String(minRounds) } },
    });
    const [name, ...more] = positionals;
    const rounds = Number(values.rounds);
    if (more.length > 0) return 'one benchmark at a time';
    if (!Number.isInteger(rounds) || rounds < minRounds) return `--rounds takes a whole number from ${minRounds}`;
    return { ...(name === undefined ? {} : { name }), json: values.json, rounds };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
