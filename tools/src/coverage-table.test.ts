import { expect, it } from 'vitest';
import { coverageTable } from './coverage-table.ts';

const file = (covered: number, total: number) => ({
  lines: { covered, total },
  branches: { covered: 0, total: 0 },
  functions: { covered: total, total },
});

it('sums files by package and puts the workspace last', () => {
  const lines = coverageTable(
    {
      total: file(4, 8),
      '/r/libs/money/src/a.ts': file(1, 2),
      '/r/libs/money/src/b.ts': file(2, 2),
      '/r/apps/njordr/src/c.ts': file(1, 4),
    },
    '/r',
  );
  expect(lines.map((line) => line.trim().split(/\s{2,}/))).toEqual([
    ['coverage', 'lines', 'branches', 'functions'],
    ['apps/njordr', '25.0 %', '–', '100.0 %'],
    ['libs/money', '75.0 %', '–', '100.0 %'],
    ['all packages', '50.0 %', '–', '100.0 %'],
  ]);
});
