import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { errorsGuide } from './errors-guide/errors-guide.ts';
import { replaceBetween } from './replace-between.ts';
import { rpcMeanings, type RpcRule, rpcTable } from './rpc-table.ts';
import { workspaceRoot } from './workspace.ts';

/** A part of an app's README that is made from the code, between `<!-- name:begin -->` and `<!-- name:end -->`. */
interface Part {
  name: string;
  /** The file in the app it is made from. */
  source: string;
  /** @returns undefined when the file exports nothing to make it from */
  make(exported: readonly unknown[], readme: string): string | undefined;
}

const guide = 'docs/guides/errors.md';

/**
 * Compares the tables of settings, faults and RPCs in every app's README, and the guide to errors, with the code;
 * returns what differs. With `write`, puts the current tables in instead.
 */
export async function checkDocs({ write = false, root = workspaceRoot } = {}): Promise<string[]> {
  const problems: string[] = [];
  for (const part of await partsOf(root)) {
    for (const source of globSync(`apps/*/${part.source}`, { cwd: root }).sort()) {
      const readme = join(dirname(dirname(source)), 'README.md');
      const exported = Object.values((await load(join(root, source))) as object);
      const text = existsSync(join(root, readme)) ? readFileSync(join(root, readme), 'utf8') : undefined;
      const table = part.make(exported, text ?? '');
      if (table === undefined) problems.push(`${source}: exports nothing for the README’s ${part.name}`);
      else if (text === undefined) problems.push(`${readme}: missing`);
      else problems.push(...(await check(part.name, readme, text, table)));
    }
  }
  if (existsSync(join(root, guide))) {
    const errors = await errorsGuide(root);
    problems.push(...errors.problems);
    problems.push(...(await check('errors', guide, readFileSync(join(root, guide), 'utf8'), errors.markdown)));
  }
  return problems;

  async function check(name: string, readme: string, text: string, table: string): Promise<string[]> {
    const marks = { begin: `<!-- ${name}:begin -->`, end: `<!-- ${name}:end -->` };
    const wanted = replaceBetween(text, marks, table);
    if (wanted === undefined) return [`${readme}: needs the lines ${marks.begin} and ${marks.end}`];
    const current = await formatted(wanted, join(root, readme));
    if (current === (await formatted(text, join(root, readme)))) return [];
    if (!write) return [`${readme}: the ${name} table is out of date; run node tools/src/docs-check.ts --write`];
    writeFileSync(join(root, readme), current);
    return [];
  }
}

async function partsOf(root: string): Promise<Part[]> {
  // Imported by a computed path: the tools are everyone's dependency and so must not depend on a package.
  const { settingsMarkdownTable } = (await load(join(root, 'libs/settings/src/index.ts'))) as {
    settingsMarkdownTable: (schema: unknown) => string;
  };
  const meanings = rpcMeanings(root);
  return [
    {
      name: 'settings',
      source: 'src/settings.ts',
      make: (exported) => joined(exported.filter(isSettingsSchema).map(settingsMarkdownTable)),
    },
    {
      name: 'faults',
      source: 'src/faults.ts',
      make: (exported) => joined(exported.filter(isFaults).map(({ table }) => faultsTable(table))),
    },
    {
      name: 'rpcs',
      source: 'src/rules.ts',
      make: (exported, readme) => joined(exported.filter(isRules).map((rules) => rpcTable(rules, meanings, readme))),
    },
  ];
}

const joined = (tables: readonly string[]) => (tables.length === 0 ? undefined : tables.join('\n\n'));

interface FaultTable {
  [reason: string]: { kind: string; meaning: string; remedy: string };
}

function faultsTable(table: FaultTable): string {
  const rows = Object.entries(table).map(
    ([reason, { kind, meaning, remedy }]) => `| \`${reason}\` | ${kind} | ${meaning} | ${remedy} |`,
  );
  return ['| Reason | Kind | Meaning | Remedy |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

const load = (file: string): Promise<unknown> => import(/* @vite-ignore */ pathToFileURL(file).href);

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isSettingsSchema = (value: unknown) => isObject(value) && 'service' in value && 'shape' in value;
const isFaults = (value: unknown): value is { table: FaultTable } =>
  isObject(value) && 'domain' in value && 'table' in value;
const isRules = (value: unknown): value is Record<string, RpcRule> =>
  isObject(value) && Object.keys(value).some((key) => key.startsWith('/'));

/** As the format check wants it, columns aligned: only cells that differ may count. */
const formatted = async (text: string, file: string) =>
  format(text, { printWidth: 120, singleQuote: true, ...(await resolveConfig(file)), parser: 'markdown' });

if (import.meta.main) {
  const problems = await checkDocs({ write: process.argv.includes('--write') });
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
