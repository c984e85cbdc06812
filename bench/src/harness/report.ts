import { type Benchmark } from './benchmark.ts';
import { type BenchmarkResult, figure } from './run-benchmark.ts';

const targetText = ({ ratio, better }: Benchmark['target']) => `${better === 'higher' ? '≥' : '≤'} ${ratio} ×`;

/** What `bun run bench` prints without a name. */
export function listText(benchmarks: readonly Benchmark[]): string {
  const blocks = benchmarks.map((benchmark) =>
    [
      benchmark.name,
      `  measures   ${benchmark.description}`,
      `  yardstick  ${benchmark.yardstick}`,
      `  target     ${targetText(benchmark.target)} of the yardstick's ${benchmark.unit}`,
    ].join('\n'),
  );
  return [...blocks, 'bun run bench <name> [--json] [--rounds N]'].join('\n\n');
}

/** A finished benchmark for people. */
export function resultText({ name, ratio, target, met, yardstick, unit, rounds, medians, ...rest }: BenchmarkResult) {
  const cpu = rest.cpuMicrosPerOperation;
  return [
    `${name}: ${ratio.toFixed(3)} × the yardstick, target ${targetText(target)}: ${met ? 'met' : 'MISSED'}`,
    `  subject    ${figure(medians.subject)} ${unit} (median of ${rounds} rounds)`,
    `  yardstick  ${figure(medians.yardstick)} ${unit} (${yardstick})`,
    ...(cpu ? [`  CPU        ${figure(cpu.subject)} µs per operation, yardstick ${figure(cpu.yardstick)} µs`] : []),
  ].join('\n');
}
