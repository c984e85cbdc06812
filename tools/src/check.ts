import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeSmoke } from './compose-smoke.ts';
import { containerTests } from './container-tests.ts';
import { checkDocs } from './docs-check.ts';
import { advisoryLockNumbers } from './gates/advisory-locks.ts';
import { fileSize } from './gates/file-size.ts';
import { type Gate } from './gates/gate.ts';
import { noLeftovers } from './gates/leftovers.ts';
import { pinnedActions } from './gates/pinned-actions.ts';
import { versionPins } from './gates/version-pins.ts';
import { checkProtoComments } from './proto-comments.ts';
import { installed, runNodeScript } from './run-command.ts';
import { runVitest } from './run-vitest.ts';
import { runSteps, type Step } from './steps.ts';
import { type TriedTests } from './second-try.ts';
import { countsLine } from './test-counts.ts';
import { inCi, workspaceFiles, workspaceRoot } from './workspace.ts';

/**
 * `bun run check`: all that CI does. CHECK_WITHOUT names steps to leave out, separated by commas: CI leaves out
 * `tests`, which it has run just before with coverage. CHECK_BASE limits lint and typecheck to what changed since
 * that commit.
 */
const files = workspaceFiles();
const read = (file: string) => readFileSync(join(workspaceRoot, file), 'utf8');
const without = new Set((process.env.CHECK_WITHOUT ?? '').split(',').filter(Boolean));
const base = process.env.CHECK_BASE;

const verdict = (ok: boolean, note?: string) => ({
  verdict: ok ? ('passed' as const) : ('failed' as const),
  ...(note === undefined ? {} : { note }),
});

function script(name: string, path: string, args: readonly string[]): Step {
  return { name, run: async () => verdict((await runNodeScript(path, args)).code === 0) };
}

function problemsStep(name: string, find: () => Promise<string[]> | string[]): Step {
  return {
    name,
    async run() {
      const problems = await find();
      for (const problem of problems) console.log(`  ${problem}`);
      return verdict(problems.length === 0, problems.length > 0 ? `${problems.length} found` : undefined);
    },
  };
}

const gate = (rule: Gate) => problemsStep(rule.name, () => rule.check(files, read));

function testsStep(name: string, run: () => Promise<TriedTests | string>): Step {
  return {
    name,
    async run() {
      const tests = await run();
      if (typeof tests === 'string') return { verdict: 'not run', note: tests };
      return { ...verdict(tests.failed === 0, countsLine(tests)), tests };
    },
  };
}

const selection = base === undefined ? ['run-many'] : ['affected', `--base=${base}`];

const steps: Step[] = [
  script('format', installed.prettier, ['--check', '--log-level=warn', '.']),
  gate(versionPins),
  gate(fileSize),
  gate(noLeftovers),
  gate(pinnedActions),
  gate(advisoryLockNumbers),
  script('generated code', 'tools/src/generate.ts', ['--check']),
  problemsStep('proto comments', checkProtoComments),
  problemsStep('tables in the READMEs and the guide to errors', () => checkDocs()),
  script('lint and typecheck', installed.nx, [
    ...selection,
    '-t',
    'lint',
    'typecheck',
    '--parallel=2',
    '--outputStyle=static',
  ]),
  testsStep('tests', () => runVitest({})),
  // Money above all: what was acknowledged survives whatever is killed.
  script('chaos of money', 'chaos/src/main.ts', ['money', '--short']),
  // And the market as a whole: who pays, and what was told to whom, though every part dies meanwhile.
  script('chaos of the market', 'chaos/src/main.ts', ['market', '--short']),
  testsStep('tests against containers', containerTests),
  { name: 'compose smoke test', run: composeSmoke },
];

for (const name of without) if (!steps.some((step) => step.name === name)) throw new Error(`no step is named ${name}`);
const counts = await runSteps(
  steps.filter(({ name }) => !without.has(name)),
  { ci: inCi(), log: console.log, now: () => performance.now() },
);
if (without.size > 0) console.log(`left out by CHECK_WITHOUT: ${[...without].join(', ')}`);
console.log(countsLine(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
