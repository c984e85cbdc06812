import { commonFaults, type Fault } from '@edda/faults';
import { type RunningCall } from '@edda/grpc-kit';

/** What a caller should wait before it tries a full or draining edge again, ms. */
const retryAfterMs = 200;
/** How long requests that were cut off get to send that they were, ms. */
const flushMs = 250;

/** The requests whose connection has not ended yet. */
export interface ActiveRequests {
  /** Aborted when the edge drains. */
  readonly draining: AbortSignal;
  /** Counts a request in; @returns takes it out again */
  add(call: RunningCall): () => void;
  /** @throws DRAINING, or RATE_LIMITED when more than `max` are running */
  assertRoom(max: number): void;
  /** From now on `assertRoom` throws DRAINING; what still runs after `graceMs` is ended with it. */
  drain(graceMs: number): Promise<void>;
}

export function createActiveRequests(): ActiveRequests {
  const active = new Set<RunningCall>();
  const controller = new AbortController();
  let onIdle: (() => void) | undefined;
  const idle = async (waitMs: number): Promise<void> => {
    if (active.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    onIdle = resolve;
    const timer = setTimeout(resolve, waitMs);
    await promise.finally(() => clearTimeout(timer));
  };
  return {
    draining: controller.signal,
    add(call) {
      active.add(call);
      return () => {
        active.delete(call);
        if (active.size === 0) onIdle?.();
      };
    },
    assertRoom(max) {
      if (controller.signal.aborted) throw drainingFault();
      if (active.size > max) throw commonFaults.RATE_LIMITED('Too many requests at once.', { retryAfterMs });
    },
    async drain(graceMs) {
      controller.abort(drainingFault());
      await idle(graceMs);
      for (const running of active) running.abort(drainingFault());
      await idle(flushMs);
    },
  };
}

function drainingFault(): Fault {
  return commonFaults.DRAINING('This instance is shutting down.', { retryAfterMs });
}
