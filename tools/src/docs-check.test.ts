import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkDocs } from './docs-check.ts';

let root: string;
const put = (file: string, text: string) => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
};
const readme = (table: string) => `# A\n\n<!-- settings:begin -->\n\n${table}\n\n<!-- settings:end -->\n\nEnd.\n`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'edda-docs-'));
  put('libs/settings/src/index.ts', 'export const settingsMarkdownTable = (s) => `| ${s.service} |\\n| --- |`;');
  put('apps/a/src/settings.ts', "export const schema = { service: 'a', shape: {} };");
});
afterEach(() => rmSync(root, { recursive: true }));

it('accepts the current table, however its columns are aligned', async () => {
  put('apps/a/README.md', readme('| a   |\n|--|'));
  expect(await checkDocs({ root })).toEqual([]);
});

it('reports an outdated table and writes the current one only when told to', async () => {
  put('apps/a/README.md', readme('| old |'));
  expect(await checkDocs({ root })).toEqual([expect.stringContaining('out of date')]);
  expect(await checkDocs({ root, write: true })).toEqual([]);
  expect(readFileSync(join(root, 'apps/a/README.md'), 'utf8')).toBe(readme('| a   |\n| --- |'));
});

it('reports a README that is missing or has no marks, and a file without a schema', async () => {
  expect(await checkDocs({ root })).toEqual([expect.stringContaining('missing')]);
  put('apps/a/README.md', '# A\n');
  expect(await checkDocs({ root })).toEqual([expect.stringContaining('settings:begin')]);
  put('apps/b/src/settings.ts', 'export const other = 1;');
  expect(await checkDocs({ root })).toContain('apps/b/src/settings.ts: exports nothing for the README’s settings');
});

it('makes the tables of faults and of RPCs as well', async () => {
  rmSync(join(root, 'apps/a/src/settings.ts'));
  put(
    'apps/a/src/faults.ts',
    "export const f = { domain: 'a', table: { GONE: { kind: 'k', meaning: 'm', remedy: 'r' } } };",
  );
  put('apps/a/src/rules.ts', "export const rules = { '/edda.a.v1.AService/Get': { roles: ['user'] } };");
  put('apps/a/README.md', '<!-- faults:begin -->\n<!-- faults:end -->\n<!-- rpcs:begin -->\n<!-- rpcs:end -->\n');
  expect(await checkDocs({ root })).toHaveLength(2);
  expect(await checkDocs({ root, write: true })).toEqual([]);
  const text = readFileSync(join(root, 'apps/a/README.md'), 'utf8');
  expect(text).toMatch(/`GONE` +\| k +\| m +\| r/);
  expect(text).toMatch(/AService.Get +\| +\| user +\| \*\*UNIMPLEMENTED/);
});
