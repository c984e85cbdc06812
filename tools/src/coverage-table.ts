import { relative, sep } from 'node:path';

interface Share {
  covered: number;
  total: number;
}

/** Istanbul's `coverage-summary.json`: per file, and `total`. */
export type CoverageSummary = Record<string, { lines: Share; branches: Share; functions: Share }>;

const measures = ['lines', 'branches', 'functions'] as const;

/** Coverage per package as text lines, the whole workspace last. */
export function coverageTable(summary: CoverageSummary, root: string): string[] {
  const packages = new Map<string, Record<(typeof measures)[number], Share>>();
  const add = (name: string, file: CoverageSummary[string]) => {
    const sum = packages.get(name) ?? {
      lines: { covered: 0, total: 0 },
      branches: { covered: 0, total: 0 },
      functions: { covered: 0, total: 0 },
    };
    for (const measure of measures) {
      sum[measure].covered += file[measure].covered;
      sum[measure].total += file[measure].total;
    }
    packages.set(name, sum);
  };
  for (const [path, file] of Object.entries(summary)) {
    if (path !== 'total') add(relative(root, path).split(sep).slice(0, 2).join('/'), file);
  }
  const rows = [...packages].sort(([a], [b]) => (a < b ? -1 : 1));
  if (summary.total) rows.push(['all packages', summary.total]);
  return [
    row('coverage', measures),
    ...rows.map(([name, shares]) =>
      row(
        name,
        measures.map((measure) => percent(shares[measure])),
      ),
    ),
  ];
}

const row = (name: string, cells: readonly string[]) =>
  name.padEnd(20) + cells.map((cell) => cell.padStart(11)).join('');

const percent = ({ covered, total }: Share) => (total === 0 ? '–' : `${((100 * covered) / total).toFixed(1)} %`);
