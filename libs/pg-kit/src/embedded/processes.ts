import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ProcessDescription {
  startedAt: string;
  command: string;
}

/** Whether a process with this id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A process's start time (opaque, for comparison) and command line, or undefined when it is gone or a zombie. */
export function describeProcess(pid: number): Promise<ProcessDescription | undefined> {
  const description = process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  return description.catch(() => undefined);
}

/** Slim images have no `ps`, but every Linux has /proc. */
async function fromProc(pid: number): Promise<ProcessDescription | undefined> {
  const [stat, cmdline] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
  ]);
  // The second field, the name in brackets, may hold spaces; state is field 3, start time field 22 (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z') return undefined;
  return { startedAt: fields[19] ?? '', command: cmdline.replaceAll('\0', ' ') };
}

async function fromPs(pid: number): Promise<ProcessDescription | undefined> {
  const { stdout } = await run('ps', ['-ww', '-o', 'stat=,lstart=,args=', '-p', String(pid)], {
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
  });
  const match = /^(\S+)\s+(\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/.exec(stdout.trim());
  if (!match || match[1]?.startsWith('Z')) return undefined;
  return { startedAt: match[2] ?? '', command: match[3] ?? '' };
}

/** Waits until the process is gone. @returns whether it went within `timeoutMs` */
export async function waitForExit(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() >= deadline) return (await describeProcess(pid)) === undefined;
    await sleep(20);
  }
  return true;
}

/**
 * Ends a postmaster: fast shutdown (SIGINT), then immediate (SIGQUIT), then SIGKILL, each with its own patience.
 * @param gone resolves to true when the process ended within the given milliseconds
 */
export async function endPostmaster(pid: number, gone: (timeoutMs: number) => Promise<boolean>): Promise<void> {
  const steps = [
    ['SIGINT', 15_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const;
  for (const [signal, patienceMs] of steps) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    if (await gone(patienceMs)) return;
  }
}
