import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Generates each app's Prisma client when its schema or Prisma itself changed since the last run. */
const root = join(import.meta.dirname, '../..');
const prismaCli = join(root, 'node_modules/prisma/build/index.js');
const prismaVersion = readFileSync(join(root, 'node_modules/prisma/package.json'));

for (const schema of globSync('apps/*/prisma/schema.prisma', { cwd: root })) {
  const app = dirname(dirname(join(root, schema)));
  const stamp = join(app, 'src/gen/prisma/.schema-hash');
  const hash = createHash('sha256')
    .update(prismaVersion)
    .update(readFileSync(join(root, schema)))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) continue;
  generate(app, join(root, schema));
  writeFileSync(stamp, hash);
}

/** Takes a second; bounded, with a second chance, because setup must not hang on one child process. */
function generate(app: string, schema: string): void {
  for (const lastChance of [false, true]) {
    try {
      execFileSync(process.execPath, [prismaCli, 'generate', '--schema', schema], {
        cwd: app,
        stdio: ['ignore', process.stderr, process.stderr],
        timeout: 60_000,
        killSignal: 'SIGKILL',
        // Generating needs no engine; naming any existing file keeps the CLI from downloading one.
        env: {
          ...process.env,
          PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
          PRISMA_HIDE_UPDATE_MESSAGE: '1',
          CHECKPOINT_DISABLE: '1',
        },
      });
      return;
    } catch (error) {
      if (lastChance || !(error instanceof Error && 'signal' in error && error.signal === 'SIGKILL')) throw error;
    }
  }
}
