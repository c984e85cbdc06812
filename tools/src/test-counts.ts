/** The parts of Vitest's JSON report that are counted. */
export interface VitestReport {
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
  /** One line for each failure that no test carries: a suite that did not load, a run that ended early. */
  problems: string[];
}

export interface CountOptions {
  /** Vitest's exit code: it also fails on unhandled errors, which the report does not list. */
  exitCode: number;
  /** Whether a skipped or unwritten test counts as failed, as it does in CI. */
  skipsFail: boolean;
}

/** Counts what really ran. A run without a report, or with no test in it, has failed. */
export function countTests(report: VitestReport | undefined, { exitCode, skipsFail }: CountOptions): TestCounts {
  const counts: TestCounts = { passed: 0, failed: 0, skipped: 0, problems: [] };
  const problem = (text: string) => {
    counts.failed += 1;
    counts.problems.push(text);
  };
  for (const suite of report?.testResults ?? []) {
    const statuses = suite.assertionResults.map(({ status }) => status);
    for (const { status, fullName } of suite.assertionResults) {
      if (status === 'passed') counts.passed += 1;
      else if (status === 'failed') counts.failed += 1;
      else if (skipsFail) problem(`${suite.name}: “${fullName}” did not run, which CI does not accept`);
      else counts.skipped += 1;
    }
    if (suite.status === 'failed' && !statuses.includes('failed')) {
      problem(`${suite.name}: the suite failed outside its tests${suite.message ? `: ${suite.message}` : ''}`);
    }
  }
  if (!report) problem('the test run ended without a report');
  else if (counts.passed + counts.failed + counts.skipped === 0) problem('no test ran');
  else if (exitCode !== 0 && counts.failed === 0) problem(`the test run ended with exit code ${exitCode}`);
  return counts;
}

/** `N passed, N failed`, and `, N skipped` only where something was. */
export function countsLine({ passed, failed, skipped }: Omit<TestCounts, 'problems'>): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
