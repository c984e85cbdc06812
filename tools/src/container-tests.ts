import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dockerAnswers } from './docker.ts';
import { runVitest } from './run-vitest.ts';
import { type TriedTests } from './second-try.ts';
import { projectName } from './vitest-config.ts';
import { workspaceRoot } from './workspace.ts';

/** The Vitest projects whose suites use PostgreSQL: those that ask for the shared cluster, or start their own. */
export function databaseProjects(root: string = workspaceRoot): string[] {
  return globSync('{apps,libs}/*/vitest.config.ts', { cwd: root })
    .filter((file) => readFileSync(join(root, file), 'utf8').match(/(postgres|cluster)-setup/))
    .map((file) => projectName(join(root, dirname(file))))
    .sort();
}

/**
 * Runs the suites that use PostgreSQL once more, against the official image instead of the embedded server.
 * A text instead of counts says why that could not be done.
 */
export async function containerTests(): Promise<TriedTests | string> {
  const projects = databaseProjects();
  if (projects.length === 0) return 'no package uses PostgreSQL';
  if (!(await dockerAnswers())) return 'Docker does not answer';
  // Ryuk would be one more image to fetch; the suites stop their container themselves.
  return runVitest({ projects, env: { TEST_POSTGRES: 'containers', TESTCONTAINERS_RYUK_DISABLED: 'true' } });
}
