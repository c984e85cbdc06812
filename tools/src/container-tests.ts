import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dockerAnswers } from './docker.ts';
import { runVitest } from './run-vitest.ts';
import { type TriedTests } from './second-try.ts';
import { projectName } from './vitest-config.ts';
import { workspaceRoot } from './workspace.ts';

/** The libraries whose suites use PostgreSQL or Redis: those that ask for the shared one, or start their own. */
export function databaseLibraries(root: string = workspaceRoot): string[] {
  return globSync('libs/*/vitest.config.ts', { cwd: root })
    .filter((file) => readFileSync(join(root, file), 'utf8').match(/(postgres|cluster|redis)-setup/))
    .map((file) => projectName(join(root, dirname(file))))
    .sort();
}

/** Suites that start servers or processes of their own, and the longest ones: containers would show nothing new there. */
const leftOut = ['embedded-postgres', 'orphan', 'run-main', 'money-model', 'idempotent-mutations'];

/**
 * Runs the suites of the libraries that speak to PostgreSQL and Redis, and those of Heidrun, whose SQL is the money,
 * once more against the official images instead of local servers. The other services go through the same libraries;
 * docker-compose.test.yml runs everything so. A text instead of counts says why that could not be done.
 */
export async function containerTests(): Promise<TriedTests | string> {
  if (!(await dockerAnswers())) return 'Docker does not answer';
  return runVitest({
    projects: [...databaseLibraries(), 'app-heidrun'],
    exclude: leftOut.map((name) => `**/${name}.test.ts`),
    // Ryuk would be one more image to fetch; the suites stop their containers themselves.
    env: { TEST_POSTGRES: 'containers', TEST_REDIS: 'containers', TESTCONTAINERS_RYUK_DISABLED: 'true' },
  });
}
