import { setTimeout as sleep } from 'node:timers/promises';
import { asFault, commonFaults } from '@edda/faults';
import { type RetryPolicy } from './retry.ts';

interface RetrySettings {
  retry: RetryPolicy;
  /** Epoch ms; no attempt starts after it. */
  deadline: number;
  signal: AbortSignal | undefined;
  onRetry: (fields: { attempt: number; wait_ms: number; reason: string }) => void;
}

/** Attempts until one succeeds or the policy calls a failure final. @throws Fault */
export async function withRetries<Value>(attempt: () => Promise<Value>, settings: RetrySettings): Promise<Value> {
  const { retry, deadline, signal, onRetry } = settings;
  for (let count = 0; ; count += 1) {
    try {
      if (signal?.aborted === true) throw commonFaults.CANCELLED('The caller gave up.');
      const value = await attempt();
      retry.succeeded();
      return value;
    } catch (error) {
      const fault = asFault(error);
      const waitMs = retry.afterFailure(fault, count, deadline - Date.now());
      if (waitMs === undefined) throw fault;
      onRetry({ attempt: count, wait_ms: waitMs, reason: fault.reason });
      // An abort while waiting ends the sleep early; the next round reports it.
      await sleep(waitMs, undefined, { ...(signal && { signal }) }).catch(() => undefined);
    }
  }
}
