import { UpstreamError } from '../upstream-error.ts';

/** Aborts work that stays silent; `signal` also follows the caller's own signal. */
export interface Watchdog {
  readonly signal: AbortSignal;
  /** Starts the wait anew: something arrived, and the next thing may take this long. */
  expect(withinMs: number, what: string): void;
  /** Nothing is awaited for now: the receiver is the one who is slow. */
  pause(): void;
  /** Stops watching; the signal stays as it is. */
  stop(): void;
}

/** @param caller aborting it aborts the work, with the reason CANCELLED */
export function createWatchdog(caller: AbortSignal): Watchdog {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const cancel = () => controller.abort(new UpstreamError('CANCELLED', 'the job was cancelled'));
  if (caller.aborted) cancel();
  else caller.addEventListener('abort', cancel, { once: true });
  return {
    signal: controller.signal,
    expect(withinMs, what) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        controller.abort(new UpstreamError('TRANSIENT', `no ${what} within ${withinMs} ms`));
      }, withinMs);
    },
    pause() {
      clearTimeout(timer);
    },
    stop() {
      clearTimeout(timer);
      caller.removeEventListener('abort', cancel);
    },
  };
}
