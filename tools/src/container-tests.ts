import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dockerAnswers } from './docker.ts';
import { runVitest } from './run-vitest.ts';
import { type TriedTests } from './second-try.ts';
import { projectName } from './vitest-config.ts';
import { workspaceRoot } from './workspace.ts';

/** The Vitest projects whose suites use PostgreSQL or Redis: those that ask for the shared one, or start their own. */
export function databaseProjects(root: string = workspaceRoot): string[] {
  return globSync('{apps,libs}/*/vitest.config.ts', { cwd: root })
    .filter((file) => readFileSync(join(root, file), 'utf8').match(/(postgres|cluster|redis)-setup/))
    .map((file) => projectName(join(root, dirname(file))))
    .sort();
}

/**
 * Runs the suites that use PostgreSQL or Redis once more, against the official images instead of local servers.
 * A text instead of counts says why that could not be done.
 */
export async function containerTests(): Promise<TriedTests | string> {
  const projects = databaseProjects();
  if (projects.length === 0) return 'no package uses PostgreSQL or Redis';
  if (!(await dockerAnswers())) return 'Docker does not answer';
  // Ryuk would be one more image to fetch; the suites stop their containers themselves.
  const containers = { TEST_POSTGRES: 'containers', TEST_REDIS: 'containers' };
  return runVitest({ projects, env: { ...containers, TESTCONTAINERS_RYUK_DISABLED: 'true' } });
}
