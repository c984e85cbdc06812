import { describe, expect, it } from 'vitest';
import { countTests, countsLine } from './test-counts.ts';

const suite = (name: string, status: string, ...tests: string[]) => ({
  name,
  status,
  assertionResults: tests.map((test) => ({ fullName: `${name} ${test}`, status: test })),
});
const local = { exitCode: 0, skipsFail: false };

describe('countTests', () => {
  it('counts tests, not suites', () => {
    const report = {
      testResults: [suite('a', 'passed', 'passed', 'passed'), suite('b', 'failed', 'failed', 'passed')],
    };
    expect(countTests(report, { ...local, exitCode: 1 })).toMatchObject({ passed: 3, failed: 1, skipped: 0 });
  });

  it('names each failed test with the beginning of its reason, and its suite', () => {
    const report = {
      testResults: [
        suite('a', 'passed', 'passed'),
        {
          name: 'b',
          status: 'failed',
          assertionResults: [
            { fullName: 'adds', status: 'failed', failureMessages: ['expected 1 to be 2\nat b.ts:1\nx\ny\nz'] },
          ],
        },
      ],
    };
    const counts = countTests(report, { ...local, exitCode: 1 });
    expect(counts.failedSuites).toEqual(['b']);
    expect(counts.problems).toEqual([expect.stringContaining('b: “adds”: expected 1 to be 2')]);
    expect(counts.problems[0]).not.toContain('z');
  });

  it('counts a suite that did not load as failed', () => {
    const report = {
      testResults: [suite('a', 'passed', 'passed'), { ...suite('b', 'failed'), message: 'no such module' }],
    };
    const counts = countTests(report, { ...local, exitCode: 1 });
    expect(counts).toMatchObject({ passed: 1, failed: 1 });
    expect(counts.problems[0]).toContain('no such module');
  });

  it('counts a suite whose hook failed after its tests had passed', () => {
    expect(countTests({ testResults: [suite('a', 'failed', 'passed')] }, { ...local, exitCode: 1 }).failed).toBe(1);
  });

  it.each(['skipped', 'pending', 'todo'])('leaves a %s test out locally and fails on it in CI', (status) => {
    const report = { testResults: [suite('a', 'passed', 'passed', status)] };
    expect(countTests(report, local)).toMatchObject({ passed: 1, failed: 0, skipped: 1 });
    expect(countTests(report, { ...local, skipsFail: true })).toMatchObject({ passed: 1, failed: 1, skipped: 0 });
  });

  it('fails on zero tests, on no report and on an exit code nothing explains', () => {
    expect(countTests({ testResults: [] }, local).failed).toBe(1);
    expect(countTests(undefined, local).failed).toBe(1);
    expect(countTests({ testResults: [suite('a', 'passed', 'passed')] }, { ...local, exitCode: 1 }).failed).toBe(1);
  });
});

describe('countsLine', () => {
  it('names the skipped only where there are some', () => {
    expect(countsLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
    expect(countsLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
  });
});
