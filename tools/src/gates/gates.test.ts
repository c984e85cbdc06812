import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workspaceFiles, workspaceRoot } from '../workspace.ts';
import { advisoryLockNumbers } from './advisory-locks.ts';
import { fileSize } from './file-size.ts';
import { type Gate } from './gate.ts';
import { noLeftovers } from './leftovers.ts';
import { pinnedActions } from './pinned-actions.ts';
import { versionPins } from './version-pins.ts';

const check = (gate: Gate, files: Record<string, string>) =>
  gate.check(Object.keys(files), (file) => files[file] ?? '');
const manifest = (dependencies: Record<string, string>) => JSON.stringify({ dependencies });

describe('version pins', () => {
  it.each(['^1.0.0', '~1.0.0', '1.x', '*', 'latest', '>=1.0.0'])('reports %s', (version) => {
    expect(check(versionPins, { 'libs/a/package.json': manifest({ zod: version }) })).toEqual([
      `libs/a/package.json: dependencies has zod ${version}`,
    ]);
  });

  it('accepts exact versions, pre-releases, workspace packages and a patch range of TypeScript', () => {
    const fine = manifest({ zod: '4.6.7', pg: '18.4.0-beta.17', '@edda/money': 'workspace:*', typescript: '~6.0.3' });
    expect(check(versionPins, { 'package.json': fine })).toEqual([]);
  });

  it('reports a lockfile that names another registry', () => {
    const lock = '"https://registry.npmjs.org/a.tgz" "http://localhost:4873/b.tgz"';
    expect(check(versionPins, { 'bun.lock': lock })).toEqual(['bun.lock: downloads from http://localhost:4873']);
  });
});

describe('file size', () => {
  it('reports the 301st line, but not in generated code', () => {
    const long = 'x\n'.repeat(301);
    const files = { 'libs/a/src/a.ts': long, 'libs/a/src/gen/a.ts': long, 'libs/a/src/b.ts': 'x\n'.repeat(300) };
    expect(check(fileSize, files)).toEqual(['libs/a/src/a.ts: 301 lines, 300 at most']);
  });
});

describe('leftovers', () => {
  const slash = '/';
  it.each([
    `// ${'TO'}DO later`,
    `see ..${slash}shared/design`,
    `cd ${slash}work/main`,
    `"${slash}home/ann/x"`,
    `${slash}Users/ann/x`,
  ])('reports %s', (line) => {
    expect(check(noLeftovers, { 'docs/a.md': `fine\n${line}\n` })).toEqual([expect.stringContaining('docs/a.md:2: ')]);
  });

  it('leaves words alone that only look alike', () => {
    const fine = 'it.todo(); state.TODOS; https://x.org/work/now; apps/work/x; /home/node/app; ./shared/x';
    expect(check(noLeftovers, { 'docs/a.md': fine })).toEqual([]);
  });

  it('lets only the CI script name the container starter', () => {
    const line = `..${slash}shared/containers/up.sh`;
    expect(check(noLeftovers, { '.ci/run': line })).toEqual([]);
    expect(check(noLeftovers, { 'tools/src/a.ts': line })).toHaveLength(1);
  });
});

describe('pinned actions', () => {
  const at = (ref: string) =>
    check(pinnedActions, { '.github/workflows/ci.yml': `      - uses: actions/checkout@${ref}` });

  it('reports a tag and a commit without its version', () => {
    expect(at('v4')).toHaveLength(1);
    expect(at('a'.repeat(40))).toHaveLength(1);
    expect(at(`${'a'.repeat(40)} # v4.1.0`)).toEqual([]);
  });
});

describe('advisory locks', () => {
  const at = (line: string) =>
    check(advisoryLockNumbers, { 'apps/a/src/a.ts': `import { advisoryLocks } from 'x';\n${line}` });

  it('reports a number or a hash beside the registry, and a file that does not use it', () => {
    expect(at("query('SELECT pg_advisory_xact_lock(42)')")).toEqual([
      'apps/a/src/a.ts:2: a lock with a number of its own',
    ]);
    expect(at("query('SELECT pg_try_advisory_lock(hashtext($1))')")).toHaveLength(1);
    expect(check(advisoryLockNumbers, { 'libs/a/b.sql': 'SELECT pg_advisory_lock($1)' })).toHaveLength(1);
  });

  it('accepts what comes from the registry', () => {
    expect(at("query('SELECT pg_advisory_lock($1)', [advisoryLocks.settings])")).toEqual([]);
    expect(at('`SELECT pg_try_advisory_xact_lock(${advisoryLocks.auditSealer})`')).toEqual([]);
    const used = 'libs/pg-kit/src/migrate.ts';
    expect(check(advisoryLockNumbers, { [used]: readFileSync(join(workspaceRoot, used), 'utf8') })).toEqual([]);
  });
});

it('finds this very file among the workspace’s', () => {
  const file = 'tools/src/gates/gates.test.ts';
  expect(workspaceFiles()).toContain(file);
  expect(readFileSync(join(workspaceRoot, file), 'utf8')).toContain('finds this very file');
});
