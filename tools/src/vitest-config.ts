import { availableParallelism } from 'node:os';
import { basename, dirname } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** A package's name in test output and for `vitest --project`: `app-njordr`, `lib-money`. */
export const projectName = (root: string): string =>
  `${basename(dirname(root)) === 'apps' ? 'app' : 'lib'}-${basename(root)}`;

/**
 * Suites wait for servers and sockets more than they compute, so one worker more than cores pays; more than four would
 * only crowd each other. Set in each project: with several projects the root's own setting is not looked at.
 */
const maxWorkers = Math.min(4, availableParallelism() + 1);

/** The one Vitest configuration all packages share; `overrides` adds what a package needs beside it. */
export function projectConfig(root: string, overrides: ViteUserConfig['test'] = {}): ViteUserConfig {
  return defineConfig({
    root,
    test: {
      name: projectName(root),
      maxWorkers,
      // Suites of a package share what they import: importing it anew for each took a third of their time. So no suite
      // may leave anything behind in a module or the process.
      isolate: false,
      include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
      // A suite shares two cores with others: patience costs nothing where a test passes.
      testTimeout: 60_000,
      hookTimeout: 120_000,
      expect: { poll: { timeout: 20_000 } },
      passWithNoTests: false,
      ...overrides,
    },
  });
}
