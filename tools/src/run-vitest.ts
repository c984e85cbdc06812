import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installed, runNodeScript } from './run-command.ts';
import { type TriedTests, withSecondTry } from './second-try.ts';
import { countTests, type TestCounts, type VitestReport } from './test-counts.ts';
import { inCi } from './workspace.ts';

export interface VitestRun {
  /** Names of the projects to run; all without it. */
  projects?: readonly string[];
  /** Globs of suites to leave out. */
  exclude?: readonly string[];
  coverage?: boolean;
  env?: NodeJS.ProcessEnv;
}

/** Runs suites in one Vitest process, output passed through, and in CI the few that failed a second time. */
export async function runVitest(run: VitestRun): Promise<TriedTests> {
  const first = await runOnce(run, []);
  if (!inCi()) return { ...first, unstable: [] };
  return withSecondTry(first, (suites) => runOnce({ ...run, coverage: false }, suites));
}

/** Counts from Vitest's JSON report. */
async function runOnce(
  { projects = [], exclude = [], coverage = false, env = {} }: VitestRun,
  suites: readonly string[],
): Promise<TestCounts> {
  const folder = mkdtempSync(join(tmpdir(), 'edda-tests-'));
  const reportFile = join(folder, 'report.json');
  const args = ['run', ...suites, '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  if (coverage) args.push('--coverage');
  for (const glob of exclude) args.push('--exclude', glob);
  for (const project of projects) args.push('--project', project);
  try {
    const { code } = await runNodeScript(installed.vitest, args, { env });
    return countTests(readReport(reportFile), { exitCode: code, skipsFail: inCi() });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  } catch {
    return undefined;
  }
}
