import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Polls until `probe` answers something truthy, and returns it. Errors of the probe count as "not yet".
 * @throws after `timeoutMs` (20,000: a busy machine may take seconds), with the probe's last error as the cause
 */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  { timeoutMs = 20_000, intervalMs = 10, what = 'the condition' } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const value = await probe();
      if (value) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(intervalMs);
  } while (performance.now() < deadline);
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause });
}
