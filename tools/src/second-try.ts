import { type TestCounts } from './test-counts.ts';

export interface TriedTests extends TestCounts {
  /** What failed at first and passed when its suites ran again by themselves: to be looked into, not to stop a landing. */
  unstable: string[];
}

/** More failed suites than this are no accident; they are not run again. */
const MAX_SUITES = 4;

/**
 * In a run of thousands of tests on a shared machine one may fail for a reason of the machine. Runs the few suites
 * that failed once more, by themselves: what fails again has failed, what passes is named as unstable.
 */
export async function withSecondTry(
  first: TestCounts,
  runSuites: (suites: readonly string[]) => Promise<TestCounts>,
): Promise<TriedTests> {
  const { failedSuites } = first;
  if (failedSuites.length === 0 || failedSuites.length > MAX_SUITES) return { ...first, unstable: [] };
  // A failure without a suite, such as a run that ended early, is not explained by running suites again.
  const explained = first.problems.filter((problem) => failedSuites.some((suite) => problem.startsWith(`${suite}:`)));
  const second = await runSuites(failedSuites);
  if (second.failed > 0) return { ...first, unstable: [] };
  return {
    ...first,
    passed: first.passed + explained.length,
    failed: first.failed - explained.length,
    problems: first.problems.filter((problem) => !explained.includes(problem)),
    failedSuites: [],
    unstable: explained,
  };
}
