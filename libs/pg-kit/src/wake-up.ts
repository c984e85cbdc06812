/** A bell: `wait` returns when it rings or the time is over; a ring while nobody waits is kept for the next `wait`. */
export interface WakeUp {
  ring(): void;
  /** @returns whether it rang */
  wait(timeoutMs: number, signal: AbortSignal): Promise<boolean>;
}

export function createWakeUp(): WakeUp {
  let rung = false;
  let waiting: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      waiting?.();
    },
    async wait(timeoutMs, signal) {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(done, timeoutMs);
          function done(): void {
            clearTimeout(timer);
            signal.removeEventListener('abort', done);
            waiting = undefined;
            resolve();
          }
          signal.addEventListener('abort', done, { once: true });
          waiting = done;
        });
      }
      const answer = rung;
      rung = false;
      return answer;
    },
  };
}
