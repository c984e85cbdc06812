import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { databaseProjects } from './container-tests.ts';

it('finds the projects that use PostgreSQL, shared or their own, by the names Vitest knows', () => {
  const root = mkdtempSync(join(tmpdir(), 'edda-projects-'));
  for (const [folder, config] of [
    ['apps/heidrun', "globalSetup: '@edda/testing/postgres-setup'"],
    ['libs/pg-kit', "globalSetup: ['./test/cluster-setup.ts']"],
    ['libs/money', 'nothing'],
  ] as const) {
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, folder, 'vitest.config.ts'), config);
  }
  expect(databaseProjects(root)).toEqual(['app-heidrun', 'lib-pg-kit']);
  rmSync(root, { recursive: true });
});
