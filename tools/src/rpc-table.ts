import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who may call a method, as an app's `src/rules.ts` says. */
export interface RpcRule {
  roles: readonly string[];
  subjects?: readonly string[];
  public?: boolean;
}

const unimplemented = '**UNIMPLEMENTED**';

/**
 * One row for each method in a rules table: what its comment in `proto/` says and who may call it.
 * Whether it is available is nothing the rules know: that column is carried over from the table that stands in
 * `readme`; a method that is new there counts as not available.
 */
export function rpcTable(rules: Readonly<Record<string, RpcRule>>, meanings: ReadonlyMap<string, string>, readme = '') {
  const rows = Object.entries(rules).map(([path, rule]) => {
    const [service = '', method = ''] = path.slice(1).split('/');
    const name = `${service.split('.').at(-1)}.${method}`;
    const state = stateOf(name, readme) ?? unimplemented;
    return `| ${name} | ${meanings.get(path.slice(1)) ?? ''} | ${callers(rule)} | ${state} |`;
  });
  return ['| RPC | what it does | who may call | state |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function stateOf(name: string, readme: string): string | undefined {
  const row = readme.split('\n').find((line) => line.split('|')[1]?.trim() === name);
  return row?.split('|').at(-2)?.trim();
}

function callers({ roles, subjects, public: open = false }: RpcRule): string {
  if (open) return 'everybody';
  return subjects === undefined ? roles.join(', ') : `${roles.join(', ')}: only ${subjects.join(', ')}`;
}

/** The first lines of each method's comment in `proto/`, up to callers and reasons, by `package.Service/Method`. */
export function rpcMeanings(root: string): Map<string, string> {
  const meanings = new Map<string, string>();
  for (const file of globSync('proto/edda/*/v1/*.proto', { cwd: root })) {
    let [pkg, service, comment] = ['', '', ''];
    for (const line of readFileSync(join(root, file), 'utf8')
      .split('\n')
      .map((text) => text.trim())) {
      const method = /^rpc (\w+)/.exec(line)?.[1];
      pkg = /^package ([\w.]+);/.exec(line)?.[1] ?? pkg;
      service = /^service (\w+)/.exec(line)?.[1] ?? service;
      if (method !== undefined) meanings.set(`${pkg}.${service}/${method}`, meaningOf(comment));
      comment = line.startsWith('//') ? `${comment} ${line.slice(2).trim()}` : '';
    }
  }
  return meanings;
}

const meaningOf = (comment: string) =>
  comment
    .replace(/ (?:Callers?|Roles?|Reasons?): .*$/, '')
    .replaceAll('|', '/')
    .trim();
