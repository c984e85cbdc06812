import { readFile, rm, writeFile } from 'node:fs/promises';
import { pgKitFaults } from '../faults.ts';
import { describeProcess } from './processes.ts';

interface Owner {
  pid: number;
  startedAt: string;
}

/**
 * Makes this process the only owner of an embedded data directory. A lock whose process is gone, or whose
 * process id now belongs to a process started at another time, is taken over.
 * @returns releases the lock; safe to call twice
 * @throws EMBEDDED_POSTGRES_IN_USE while its owner lives
 */
export async function lockDataDir(file: string): Promise<() => Promise<void>> {
  const self = await describeProcess(process.pid);
  const owner: Owner = { pid: process.pid, startedAt: self?.startedAt ?? '' };
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await writeFile(file, JSON.stringify(owner), { flag: 'wx', mode: 0o600 });
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await readOwner(file);
    const living = holder && (await describeProcess(holder.pid));
    if (holder && living && living.startedAt === holder.startedAt) {
      throw pgKitFaults.EMBEDDED_POSTGRES_IN_USE(`Process ${holder.pid} is using this data directory (${file}).`);
    }
    await rm(file, { force: true });
  }
  throw pgKitFaults.EMBEDDED_POSTGRES_IN_USE(`Several processes are starting on this data directory (${file}).`);
}

/** Who holds a data directory, as its lock file says. */
export async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}
