import { setTimeout as sleep } from 'node:timers/promises';

/** Asks every 25 ms until it is so. @throws Error naming `what` after `timeoutMs` */
export async function until(what: string, timeoutMs: number, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1_000} s in vain: ${what}`);
    await sleep(25);
  }
}
