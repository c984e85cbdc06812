import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';
import { installed, runNodeScript } from './run-command.ts';
import { workspaceRoot } from './workspace.ts';

const rule = '@nx/enforce-module-boundaries';
let eslint: ESLint;

beforeAll(async () => {
  // Without a cached project graph the rule stays silent, and every violation would pass.
  expect((await runNodeScript(installed.nx, ['show', 'projects'], { capture: true })).code).toBe(0);
  eslint = new ESLint({
    cwd: workspaceRoot,
    // The violating files exist only as text, so there are no types to look up.
    overrideConfig: [{ languageOptions: { parserOptions: { projectService: false } } }],
    ruleFilter: ({ ruleId }) => ruleId === rule,
  });
});

async function violations(filePath: string, imported: string): Promise<string[]> {
  const code = `import * as imported from '${imported}';\nexport const used = imported;\n`;
  const [result] = await eslint.lintText(code, { filePath });
  // A parse error has no rule and must not pass for a finding.
  expect(result?.messages.every(({ ruleId }) => ruleId === rule)).toBe(true);
  return result?.messages.map(({ message }) => message) ?? [];
}

describe('module boundaries', () => {
  it.each([
    ['a domain library', 'libs/money/src/virtual.ts', 'pg', 'not allowed to import "pg"'],
    ['a domain library', 'libs/money/src/virtual.ts', '@grpc/grpc-js', 'not allowed to import'],
    ['a domain library', 'libs/money/src/virtual.ts', '@edda/grpc-kit', 'can only depend on'],
    ['an app', 'apps/njordr/src/virtual.ts', '@edda/app-heidrun/run', 'can only depend on'],
    ['an app', 'apps/njordr/src/virtual.ts', '../../heidrun/src/run.ts', 'cannot be imported by a relative'],
    // An app that does not build on this library: else the rule would report the circle instead.
    ['a library', 'libs/policy/src/virtual.ts', '@edda/app-vedrfolnir/run', 'can only depend on'],
  ])('%s (%s) that imports %s is reported', async (_, file, imported, message) => {
    expect(await violations(file, imported)).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    ['apps/edda/src/virtual.ts', '@edda/app-heidrun/run'],
    ['apps/njordr/src/virtual.ts', '@edda/grpc-kit'],
    ['libs/money/src/virtual.ts', '@edda/faults'],
  ])('%s may import %s', async (file, imported) => {
    expect(await violations(file, imported)).toEqual([]);
  });
});
