import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { databaseLibraries } from './container-tests.ts';

it('finds the libraries that use PostgreSQL, shared or their own, by the names Vitest knows', () => {
  const root = mkdtempSync(join(tmpdir(), 'edda-projects-'));
  for (const [folder, config] of [
    ['libs/audit', "globalSetup: '@edda/testing/postgres-setup'"],
    ['libs/pg-kit', "globalSetup: ['./test/cluster-setup.ts']"],
    ['libs/money', 'nothing'],
  ] as const) {
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, folder, 'vitest.config.ts'), config);
  }
  expect(databaseLibraries(root)).toEqual(['lib-audit', 'lib-pg-kit']);
  rmSync(root, { recursive: true });
});
