import { setImmediate as nextTurn } from 'node:timers/promises';
import { UpstreamError } from '../upstream-error.ts';

export interface Pace {
  /** 0 is as fast as it can. */
  tokensPerSecond: number;
  firstTokenDelayMs: number;
}

/** Holds generation back to a given speed. Always gives the event loop a turn, so that a fast model starves nobody. */
export function createPacer(
  pace: Pace,
  signal: AbortSignal,
  sleep: (ms: number, value: undefined, options: { signal: AbortSignal }) => Promise<unknown>,
) {
  const start = performance.now();
  return {
    /** Resolves when the token behind the first `produced` ones is due. @throws UpstreamError CANCELLED on abort */
    async before(produced: number): Promise<void> {
      const perToken = pace.tokensPerSecond > 0 ? 1000 / pace.tokensPerSecond : 0;
      const wait = start + pace.firstTokenDelayMs + produced * perToken - performance.now();
      // Timers fire up to a millisecond late; waits are against the start, so that does not add up.
      if (wait >= 1) await sleep(wait, undefined, { signal }).catch(() => undefined);
      else await nextTurn();
      if (signal.aborted) throw new UpstreamError('CANCELLED', 'the job was cancelled');
    },
  };
}
