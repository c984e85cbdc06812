import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readOwner } from './data-dir-lock.ts';
import { describeProcess } from './processes.ts';

/**
 * For a process that has outlived the launcher it belonged to: asks the PostgreSQL that this launcher left running to
 * shut down (fast). Does nothing once another launcher has taken the data directory over; may be called by several.
 */
export async function endOrphanedPostgres(dataDir: string, launcherPid: number): Promise<void> {
  const home = resolve(dataDir);
  const owner = await readOwner(join(home, 'launcher.lock'));
  if (owner?.pid !== launcherPid) return;
  const cluster = join(home, 'cluster');
  const pid = Number((await readFile(join(cluster, 'postmaster.pid'), 'utf8')).split('\n', 1)[0]);
  const running = Number.isSafeInteger(pid) && pid > 1 ? await describeProcess(pid) : undefined;
  if (running?.command.includes('postgres') === true && running.command.includes(cluster)) process.kill(pid, 'SIGINT');
}
