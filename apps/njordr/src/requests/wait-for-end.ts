import { setTimeout as sleep } from 'node:timers/promises';
import { transactionMachine } from '../transactions/transaction-machine.ts';
import { type TransactionReads } from '../transactions/transaction-reads.ts';
import { type RequestRegistry } from './request-registry.ts';

/** How often a request that runs on another replica is looked at, ms. */
const POLL_MS = 200;

/** Waits until the request is no longer PENDING or PROCESSING, at most `waitMs`. Ends quietly when the signal aborts. */
export async function waitForEnd(
  deps: { reads: Pick<TransactionReads, 'stateOf'>; registry: Pick<RequestRegistry, 'ended'> },
  requestId: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + waitMs;
  const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined);
  for (;;) {
    const left = until - performance.now();
    if (signal.aborted || left <= 0) return;
    const ended = deps.registry.ended(requestId);
    if (ended !== undefined) {
      const over = new AbortController();
      const limit = AbortSignal.any([signal, over.signal]);
      await Promise.race([
        ended,
        sleep(Math.min(left, 2 ** 31 - 1), undefined, { signal: limit }).catch(() => undefined),
      ]);
      over.abort();
    }
    const state = await deps.reads.stateOf(requestId);
    if (state === undefined || !transactionMachine.can(state, 'fail')) return;
    await pause(Math.min(POLL_MS, Math.max(0, until - performance.now())));
  }
}
