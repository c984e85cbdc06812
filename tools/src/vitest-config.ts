import { basename, dirname } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** A package's name in test output and for `vitest --project`: `app-njordr`, `lib-money`. */
export const projectName = (root: string): string =>
  `${basename(dirname(root)) === 'apps' ? 'app' : 'lib'}-${basename(root)}`;

/** The one Vitest configuration all packages share; `overrides` adds what a package needs beside it. */
export function projectConfig(root: string, overrides: ViteUserConfig['test'] = {}): ViteUserConfig {
  return defineConfig({
    root,
    test: {
      name: projectName(root),
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
