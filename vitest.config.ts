import { defineConfig } from 'vitest/config';

/** All packages in one run, as `bun run test` does it; a single package runs with its own vitest.config.ts. */
export default defineConfig({
  test: {
    projects: ['libs/*', 'apps/*', 'tools', 'bench', 'chaos'],
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
