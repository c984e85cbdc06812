import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** All packages in one run, as `bun run test` does it; a single package runs with its own vitest.config.ts. */
export default defineConfig({
  test: {
    projects: ['libs/*', 'apps/*', 'tools', 'bench', 'chaos'],
    // Suites wait for PostgreSQL and sockets more than they compute, so two workers pay even on one core;
    // more than four would only crowd the one database cluster they share.
    maxWorkers: Math.min(4, Math.max(2, availableParallelism())),
    coverage: {
      provider: 'v8',
      include: ['libs/*/src/**/*.ts', 'apps/*/src/**/*.ts'],
      exclude: ['**/src/gen/**', '**/*.test.ts', '**/test/**'],
      reporter: ['json-summary', 'html'],
      reportsDirectory: 'coverage',
      reportOnFailure: true,
    },
  },
});
