import { describe, expect, it } from 'vitest';
import { runSteps, type Step, type StepResult } from './steps.ts';

const step = (name: string, result: StepResult | Error): Step => ({
  name,
  run: async () => {
    if (result instanceof Error) throw result;
    return result;
  },
});

async function run(ci: boolean, ...steps: Step[]) {
  const lines: string[] = [];
  let clock = 0;
  const counts = await runSteps(steps, { ci, log: (line) => lines.push(line), now: () => (clock += 500) });
  return { counts, output: lines.join('\n') };
}

const passed = step('one', { verdict: 'passed' });

describe('runSteps', () => {
  it('goes on after a failure and counts every step', async () => {
    const { counts, output } = await run(
      false,
      step('bad', { verdict: 'failed' }),
      step('thrown', new Error('why')),
      passed,
    );
    expect(counts).toEqual({ passed: 1, failed: 2, skipped: 0 });
    expect(output).toMatch(/thrown +0\.5 s {2}FAILED \(why\)/);
    expect(output).toMatch(/total +\d+\.\d s$/);
  });

  it('says loudly what was not run, and fails on it in CI', async () => {
    const absent = step('containers', { verdict: 'not run', note: 'no Docker' });
    const local = await run(false, absent);
    expect(local.counts).toEqual({ passed: 0, failed: 0, skipped: 1 });
    expect(local.output).toContain('NOT RUN (no Docker)');
    expect((await run(true, absent)).counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('counts a step’s tests in its place and repeats their failures at the end', async () => {
    const tests = { passed: 7, failed: 1, skipped: 2, problems: ['a: “x”'], unstable: ['b: “y”'], failedSuites: [] };
    const { counts, output } = await run(false, passed, step('tests', { verdict: 'failed', tests }));
    expect(counts).toEqual({ passed: 8, failed: 1, skipped: 2 });
    expect(output).toMatch(/total.*\nfailed: a: “x”\nunstable, passed the second time: b: “y”$/);
  });
});
