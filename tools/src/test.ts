import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { coverageTable, type CoverageSummary } from './coverage-table.ts';
import { runVitest } from './run-vitest.ts';
import { remarksOn } from './steps.ts';
import { countsLine } from './test-counts.ts';
import { workspaceRoot } from './workspace.ts';

/**
 * `bun run test`: every suite of the workspace once, with coverage; the last line is the count.
 * `bun run test app-heidrun lib-money`: those suites only, without coverage, which would say little.
 */
const projects = process.argv.slice(2);
const counts = await runVitest({ projects, coverage: projects.length === 0 });
const coverage = projects.length === 0 ? ['', ...coverageLines()] : [];
console.log([...coverage, '', ...remarksOn(counts), countsLine(counts)].join('\n'));
process.exitCode = counts.failed > 0 ? 1 : 0;

function coverageLines(): string[] {
  try {
    const summary = readFileSync(join(workspaceRoot, 'coverage/coverage-summary.json'), 'utf8');
    return coverageTable(JSON.parse(summary) as CoverageSummary, workspaceRoot);
  } catch {
    return ['coverage: none was written'];
  }
}
