import { type OperationsServerOptions } from './operations-server.ts';

async function within<T>(work: () => T | Promise<T>, limitMs: number, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), limitMs);
  });
  try {
    return await Promise.race([(async () => work())(), limit]);
  } catch {
    return otherwise;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs all checks side by side. One that throws or exceeds the limit counts as failed;
 * for `isReady` that is the check named `ready`.
 */
export async function runChecks(
  options: Pick<OperationsServerOptions, 'isReady' | 'checks' | 'checkTimeoutMs'>,
): Promise<Record<string, boolean>> {
  const limitMs = options.checkTimeoutMs ?? 1_000;
  const [together, ...single] = await Promise.all([
    within<Record<string, boolean>>(options.isReady ?? (() => ({})), limitMs, { ready: false }),
    ...Object.entries(options.checks ?? {}).map(
      async ([name, check]) => [name, await within(check, limitMs, false)] as const,
    ),
  ]);
  return { ...together, ...Object.fromEntries(single) };
}
