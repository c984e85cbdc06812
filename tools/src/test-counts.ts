/** The parts of Vitest's JSON report that are counted. */
export interface VitestReport {
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] | null }[];
  }[];
}

export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
  /** Each failure in a line or few: the test and why, a suite that did not load, a run that ended early. */
  problems: string[];
  /** Paths of the suites in which something failed. */
  failedSuites: string[];
}

export interface CountOptions {
  /** Vitest's exit code: it also fails on unhandled errors, which the report does not list. */
  exitCode: number;
  /** Whether a skipped or unwritten test counts as failed, as it does in CI. */
  skipsFail: boolean;
}

/** Counts what really ran. A run without a report, or with no test in it, has failed. */
export function countTests(report: VitestReport | undefined, { exitCode, skipsFail }: CountOptions): TestCounts {
  const counts: TestCounts = { passed: 0, failed: 0, skipped: 0, problems: [], failedSuites: [] };
  const problem = (text: string) => {
    counts.failed += 1;
    counts.problems.push(text);
  };
  for (const suite of report?.testResults ?? []) {
    const statuses = suite.assertionResults.map(({ status }) => status);
    const failedBefore = counts.failed;
    for (const { status, fullName, failureMessages } of suite.assertionResults) {
      if (status === 'passed') counts.passed += 1;
      else if (status === 'failed') problem(`${suite.name}: “${fullName}”: ${shortened(failureMessages?.[0])}`);
      else if (skipsFail) problem(`${suite.name}: “${fullName}” did not run, which CI does not accept`);
      else counts.skipped += 1;
    }
    if (suite.status === 'failed' && !statuses.includes('failed')) {
      problem(`${suite.name}: the suite failed outside its tests${suite.message ? `: ${suite.message}` : ''}`);
    }
    if (counts.failed > failedBefore) counts.failedSuites.push(suite.name);
  }
  if (!report) problem('the test run ended without a report');
  else if (counts.passed + counts.failed + counts.skipped === 0) problem('no test ran');
  else if (exitCode !== 0 && counts.failed === 0) problem(`the test run ended with exit code ${exitCode}`);
  return counts;
}

const REASON_LINES = 4;

/** The beginning of a failure's message: what was expected, not the whole stack. */
const shortened = (message = 'no reason given') => message.split('\n').slice(0, REASON_LINES).join('\n    ');

/** `N passed, N failed`, and `, N skipped` only where something was. */
export function countsLine({ passed, failed, skipped }: Pick<TestCounts, 'passed' | 'failed' | 'skipped'>): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
