import { execFileSync } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The repository's root folder. */
export const workspaceRoot = join(import.meta.dirname, '../..');

/** True where a step that cannot run must fail instead of being left out. */
export const inCi = (env: NodeJS.ProcessEnv = process.env): boolean => env.CI === 'true' || env.CI === '1';

/** What .gitignore names, for a tree without a repository. */
const ignored = new Set(['node_modules', '.nx', '.edda', 'coverage', 'tmp', 'dist']);

/** Files that are committed or could be (neither ignored nor deleted), relative to the root, sorted. */
export function workspaceFiles(root: string = workspaceRoot): string[] {
  if (!existsSync(join(root, '.git'))) return filesWithoutGit(root);
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return [...new Set(listed.split('\0'))].filter((file) => file !== '' && existsSync(join(root, file))).sort();
}

/** A container holds the files, but neither the repository nor git. */
function filesWithoutGit(root: string): string[] {
  const exclude = (path: string) =>
    path.split('/').some((name) => ignored.has(name)) || path.endsWith('src/gen/prisma');
  return globSync(['**/*', '**/.*', '.*/**/*'], { cwd: root, exclude })
    .filter((path) => statSync(join(root, path)).isFile())
    .sort();
}

/** Checked-in output of a generator: no rule about hand-written code applies to it. */
export const isGenerated = (file: string): boolean => /(^|\/)src\/gen\//.test(file);
