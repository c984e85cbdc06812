import { type TriedTests } from './second-try.ts';

export type StepResult =
  | { verdict: 'passed' | 'failed'; note?: string; tests?: TriedTests }
  /** Could not run here; the note says why. In CI that is a failure. */
  | { verdict: 'not run'; note: string; tests?: undefined };

export interface Step {
  name: string;
  run(): Promise<StepResult>;
}

export interface StepOptions {
  ci: boolean;
  log: (line: string) => void;
  /** Milliseconds, rising. */
  now: () => number;
}

export interface StepCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Runs steps one after another, all of them whatever fails, and prints verdict and seconds of each. A step counts
 * as one; a step that ran tests counts as those tests. A step that throws has failed.
 */
export async function runSteps(steps: readonly Step[], { ci, log, now }: StepOptions): Promise<StepCounts> {
  const counts: StepCounts = { passed: 0, failed: 0, skipped: 0 };
  const table: string[] = [];
  const remarks: string[] = [];
  const start = now();
  for (const step of steps) {
    log(`\n── ${step.name}`);
    const began = now();
    const result = await settled(step);
    const failed = result.verdict === 'failed' || (result.verdict === 'not run' && ci);
    if (result.tests) {
      counts.passed += result.tests.passed;
      counts.failed += result.tests.failed;
      counts.skipped += result.tests.skipped;
      remarks.push(...remarksOn(result.tests));
    } else if (failed) counts.failed += 1;
    else if (result.verdict === 'not run') counts.skipped += 1;
    else counts.passed += 1;
    const verdict = result.verdict === 'not run' ? (ci ? 'FAILED: not run' : 'NOT RUN') : failed ? 'FAILED' : 'passed';
    const line = `${step.name.padEnd(28)} ${seconds(now() - began)}  ${verdict}${result.note ? ` (${result.note})` : ''}`;
    log(line);
    table.push(line);
  }
  log(['', ...table, `${'total'.padEnd(28)} ${seconds(now() - start)}`, ...remarks].join('\n'));
  return counts;
}

/** What went wrong in a test run, to stand at the end of the output, where it is looked for. */
export const remarksOn = ({ problems, unstable }: TriedTests): string[] => [
  ...problems.map((problem) => `failed: ${problem}`),
  ...unstable.map((problem) => `unstable, passed the second time: ${problem}`),
];

async function settled(step: Step): Promise<StepResult> {
  try {
    return await step.run();
  } catch (error) {
    return { verdict: 'failed', note: error instanceof Error ? error.message : String(error) };
  }
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1).padStart(7)} s`;
