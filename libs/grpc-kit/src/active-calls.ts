import { commonFaults, type Fault } from '@edda/faults';
import { type MethodRule } from './rules.ts';
import { type RunningCall } from './running-call.ts';

/** What a caller should wait before it tries a full or draining server again, ms. */
const retryAfterMs = 200;

/** The calls whose handlers have not returned yet, also those answered early. */
export interface ActiveCalls {
  /** Aborted when the server drains. */
  readonly draining: AbortSignal;
  /** @throws DRAINING, or RATE_LIMITED when `max` calls are running */
  add(call: RunningCall, rule: MethodRule | undefined): void;
  remove(call: RunningCall): void;
  /** From now on `add` throws DRAINING; long-lived streams end. */
  drain(): void;
  /** Resolves true once nothing runs any more, false after `graceMs`. */
  idle(graceMs: number): Promise<boolean>;
  /** Ends everything that still runs with DRAINING. */
  abortAll(): void;
}

export function createActiveCalls(max: number): ActiveCalls {
  const controller = new AbortController();
  const active = new Map<RunningCall, MethodRule | undefined>();
  let onIdle: (() => void) | undefined;
  return {
    draining: controller.signal,
    add(call, rule) {
      if (controller.signal.aborted) throw drainingFault();
      if (active.size >= max) throw commonFaults.RATE_LIMITED('Too many calls at once.', { retryAfterMs });
      active.set(call, rule);
    },
    remove(call) {
      active.delete(call);
      if (active.size === 0) onIdle?.();
    },
    drain() {
      controller.abort(drainingFault());
      for (const [call, rule] of active) {
        if (rule?.longLived === true && rule.endsOnDrain !== false) call.abort(drainingFault());
      }
    },
    async idle(graceMs) {
      if (active.size === 0) return true;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      onIdle = () => resolve(true);
      const timer = setTimeout(() => resolve(false), graceMs);
      return promise.finally(() => clearTimeout(timer));
    },
    abortAll() {
      for (const call of active.keys()) call.abort(drainingFault());
    },
  };
}

function drainingFault(): Fault {
  return commonFaults.DRAINING('This instance is shutting down.', { retryAfterMs });
}
