import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second here, whatever the kernel was built with. */
const microsPerTick = 10_000;

interface ProcessTimes {
  parent: number;
  /** With those of its children that have ended and been waited for. */
  ticks: number;
}

/**
 * CPU time that all running descendants of a process have used so far, µs: for a market, PostgreSQL's.
 * @returns undefined where there is no /proc
 */
export function descendantsCpuMicros(pid: number): number | undefined {
  const processes = readProcesses();
  if (processes === undefined) return undefined;
  const isDescendant = (given: number): boolean => {
    const parent = processes.get(given)?.parent;
    return parent !== undefined && (parent === pid || isDescendant(parent));
  };
  let ticks = 0;
  for (const [id, times] of processes) if (isDescendant(id)) ticks += times.ticks;
  return ticks * microsPerTick;
}

function readProcesses(): Map<number, ProcessTimes> | undefined {
  const processes = new Map<number, ProcessTimes>();
  try {
    for (const name of readdirSync('/proc')) {
      if (/^\d+$/.test(name)) readProcess(name, processes);
    }
  } catch {
    return undefined;
  }
  return processes.size === 0 ? undefined : processes;
}

function readProcess(name: string, into: Map<number, ProcessTimes>): void {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    // The program's name, in parentheses, may hold blanks; state is the first field after it.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [utime = 0, stime = 0, childrenUtime = 0, childrenStime = 0] = fields.slice(11, 15);
    into.set(Number(name), { parent: fields[1] ?? 0, ticks: utime + stime + childrenUtime + childrenStime });
  } catch {
    // It ended meanwhile.
  }
}
