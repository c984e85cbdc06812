import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type KitLogger } from '../kit-logger.ts';
import { describeProcess, endPostmaster, waitForExit } from './processes.ts';

/**
 * Clears what a killed launcher left behind: an orphaned postmaster on this cluster is shut down, a stale
 * postmaster.pid is removed. A process that merely reuses the recorded id is left alone.
 */
export async function clearLeftoverPostmaster(cluster: string, logger: KitLogger): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  const text = await readFile(pidFile, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const pid = Number(text.split('\n', 1)[0]);
  const running = Number.isSafeInteger(pid) && pid > 1 ? await describeProcess(pid) : undefined;
  if (running?.command.includes('postgres') && running.command.includes(cluster)) {
    logger.warn({ pid, cluster }, 'stopping an orphaned PostgreSQL left by a launcher that was killed');
    await endPostmaster(pid, (timeoutMs) => waitForExit(pid, timeoutMs));
  } else {
    logger.warn({ pid, cluster }, 'removing a stale postmaster.pid');
  }
  await rm(pidFile, { force: true });
}
