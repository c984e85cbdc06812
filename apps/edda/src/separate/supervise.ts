import { setTimeout as sleep } from 'node:timers/promises';

/** Something that runs until it is closed, and should not end before. */
export interface Running {
  /** How it ended, for people. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

export interface Supervision<Part extends Running> {
  name: string;
  /** Starts it, the next time with what the last one had, so that it comes back where the others expect it. */
  start: (last: Part | undefined) => Promise<Part>;
  /** One line for people, whenever it ends or is back. */
  tell: (line: string) => void;
  /** It has ended or failed to start too often. */
  onGivenUp: (error: Error) => void;
  policy?: RestartPolicy;
}

export interface RestartPolicy {
  /** Before the first restart, ms; each further one in a row waits twice as long. */
  baseMs: number;
  maxMs: number;
  /** So many in a row, then it is given up. */
  maxRestarts: number;
  /** It is well again once it has run for so long, ms. */
  wellAfterMs: number;
}

export interface Supervised<Part extends Running> {
  /** The one that ran last. */
  current(): Part;
  /** Ends it for good, also while it is being restarted. */
  close(): Promise<void>;
}

const standardPolicy: RestartPolicy = { baseMs: 250, maxMs: 8_000, maxRestarts: 8, wellAfterMs: 30_000 };

/** Starts a part and starts it again whenever it ends by itself. @throws what keeps it from starting the first time */
export async function supervise<Part extends Running>(options: Supervision<Part>): Promise<Supervised<Part>> {
  const { name, start, tell, policy = standardPolicy } = options;
  let current = await start(undefined);
  const closing = new AbortController();
  const closed = () => closing.signal.aborted;

  const watch = async (): Promise<void> => {
    for (let inARow = 0; ;) {
      const startedAt = performance.now();
      const how = await current.ended;
      if (closed()) return;
      if (performance.now() - startedAt >= policy.wellAfterMs) inARow = 0;
      let problem = `${name} ended (${how})`;
      for (let up = false; !up;) {
        if (inARow >= policy.maxRestarts) throw new Error(`${problem}; it has ended too often`);
        const waitMs = Math.min(policy.maxMs, policy.baseMs * 2 ** inARow);
        inARow += 1;
        tell(`${problem}; starting it again in ${waitMs / 1_000} s`);
        await sleep(waitMs, undefined, { signal: closing.signal }).catch(() => undefined);
        if (closed()) return;
        try {
          current = await start(current);
          up = true;
        } catch (error) {
          problem = `${name} did not start (${error instanceof Error ? error.message : String(error)})`;
        }
      }
      // Closing may have begun while it started.
      if (closed()) return current.close();
      tell(`${name} runs again`);
    }
  };
  const watching = watch().catch((error: unknown) => {
    options.onGivenUp(error instanceof Error ? error : new Error(String(error)));
  });
  return {
    current: () => current,
    async close() {
      closing.abort();
      await current.close();
      await watching;
    },
  };
}
