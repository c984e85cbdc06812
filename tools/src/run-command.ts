import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { workspaceRoot } from './workspace.ts';

export interface CommandOptions {
  env?: NodeJS.ProcessEnv;
  /** Keep stdout and hand it back instead of passing it through. */
  capture?: boolean;
  /** Milliseconds after which the command is ended and counts as failed. */
  timeoutMs?: number;
}

export interface CommandResult {
  /** 0 when it succeeded; 127 when it could not be started. */
  code: number;
  /** Empty unless `capture` was set. */
  stdout: string;
}

/** Runs a program at the workspace root with stdin closed; a failure is a code, never an exception. */
export function runCommand(program: string, args: readonly string[], options: CommandOptions = {}) {
  return new Promise<CommandResult>((resolve) => {
    const child = spawn(program, args, {
      cwd: workspaceRoot,
      stdio: ['ignore', options.capture ? 'pipe' : 'inherit', 'inherit'],
      env: {
        ...process.env,
        PATH: [join(workspaceRoot, 'node_modules/.bin'), process.env.PATH].join(delimiter),
        // One command, one process tree: a daemon left behind would outlive a container or a CI job.
        NX_DAEMON: 'false',
        NX_TUI: 'false',
        // Halves the start of each of the hundreds of processes that tests and checks start.
        NODE_COMPILE_CACHE: join(workspaceRoot, 'node_modules/.cache/compile'),
        ...options.env,
      },
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    });
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.on('error', (error) => {
      process.stderr.write(`${program}: ${error.message}\n`);
      resolve({ code: 127, stdout });
    });
    child.on('close', (code) => resolve({ code: code ?? 1, stdout }));
  });
}

/** Runs one of the installed packages' scripts with this Node, so that no shell or `.cmd` shim is involved. */
export const runNodeScript = (script: string, args: readonly string[], options?: CommandOptions) =>
  runCommand(process.execPath, [join(workspaceRoot, script), ...args], options);

export const installed = {
  nx: 'node_modules/nx/dist/bin/nx.js',
  prettier: 'node_modules/prettier/bin/prettier.cjs',
  vitest: 'node_modules/vitest/vitest.mjs',
  buf: 'node_modules/@bufbuild/buf/bin/buf',
} as const;
