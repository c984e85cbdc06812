import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installed, runNodeScript } from './run-command.ts';
import { countTests, type TestCounts, type VitestReport } from './test-counts.ts';
import { inCi } from './workspace.ts';

export interface VitestRun {
  /** Names of the projects to run; all without it. */
  projects?: readonly string[];
  coverage?: boolean;
  env?: NodeJS.ProcessEnv;
}

/** Runs suites once in one Vitest process, output passed through, and counts them from its JSON report. */
export async function runVitest({ projects = [], coverage = false, env = {} }: VitestRun): Promise<TestCounts> {
  const folder = mkdtempSync(join(tmpdir(), 'edda-tests-'));
  const reportFile = join(folder, 'report.json');
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  if (coverage) args.push('--coverage');
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
