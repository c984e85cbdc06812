import { describe, expect, it, vi } from 'vitest';
import { withSecondTry } from './second-try.ts';
import { type TestCounts } from './test-counts.ts';

const clean: TestCounts = { passed: 9, failed: 0, skipped: 0, problems: [], failedSuites: [] };
const oneFailed: TestCounts = {
  ...clean,
  passed: 8,
  failed: 1,
  problems: ['a.test.ts: “x”'],
  failedSuites: ['a.test.ts'],
};

describe('withSecondTry', () => {
  it('runs nothing again where nothing failed', async () => {
    const again = vi.fn(() => Promise.resolve(clean));
    expect(await withSecondTry(clean, again)).toEqual({ ...clean, unstable: [] });
    expect(again).not.toHaveBeenCalled();
  });

  it('names what passed the second time as unstable and counts it as passed', async () => {
    const tried = await withSecondTry(oneFailed, () => Promise.resolve({ ...clean, passed: 3 }));
    expect(tried).toMatchObject({ passed: 9, failed: 0, problems: [], unstable: ['a.test.ts: “x”'] });
  });

  it('keeps a failure that happens again', async () => {
    const tried = await withSecondTry(oneFailed, () => Promise.resolve(oneFailed));
    expect(tried).toEqual({ ...oneFailed, unstable: [] });
  });

  it('keeps a failure that no suite explains', async () => {
    const first = { ...oneFailed, failed: 2, problems: [...oneFailed.problems, 'the test run ended with exit code 1'] };
    const tried = await withSecondTry(first, () => Promise.resolve(clean));
    expect(tried).toMatchObject({ failed: 1, problems: ['the test run ended with exit code 1'] });
  });

  it('does not run many failed suites again', async () => {
    const first = { ...oneFailed, failed: 5, failedSuites: ['a', 'b', 'c', 'd', 'e'] };
    const again = vi.fn(() => Promise.resolve(clean));
    expect((await withSecondTry(first, again)).failed).toBe(5);
    expect(again).not.toHaveBeenCalled();
  });
});
