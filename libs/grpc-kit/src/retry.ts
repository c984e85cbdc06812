import { type Fault } from '@edda/faults';

export interface RetryOptions {
  /** The first attempt included; 4. 1 switches retries off. */
  maxAttempts?: number;
  /** Wait before retry n (from 0) is between half and all of base × 2^n, at most the cap; ms, 50 and 2,000. */
  baseMs?: number;
  capMs?: number;
  /** Failures in a row before retries stop until successes refill it, ten for one; 20. */
  budget?: number;
  /** 0 ≤ x < 1; replaced in tests. */
  random?: () => number;
}

/** Decides per client whether and when to try again. */
export interface RetryPolicy {
  succeeded(): void;
  /** @returns ms to wait before the next attempt, or undefined when this failure is final */
  afterFailure(fault: Fault, attempt: number, remainingMs: number): number | undefined;
}

/** What an open circuit's fault is marked with: trying it again at once is pointless. */
export const circuitMetadata = { circuit: 'open' } as const;

/**
 * Only UNAVAILABLE is tried again: nothing was done, or a mutation carries its idempotency key. The budget, as in
 * gRPC's retry throttling, keeps retries from multiplying the load of a peer that is down.
 */
export function createRetryPolicy(options: RetryOptions = {}): RetryPolicy {
  const { maxAttempts = 4, baseMs = 50, capMs = 2_000, budget = 20, random = Math.random } = options;
  let tokens = budget;
  return {
    succeeded() {
      tokens = Math.min(budget, tokens + 0.1);
    },
    afterFailure(fault, attempt, remainingMs) {
      if (fault.kind !== 'unavailable' || fault.metadata.circuit === circuitMetadata.circuit) return undefined;
      tokens = Math.max(0, tokens - 1);
      if (attempt + 1 >= maxAttempts || tokens < 1) return undefined;
      const backoff = Math.min(capMs, baseMs * 2 ** attempt) * (0.5 + random() / 2);
      const waitMs = Math.max(backoff, fault.retryAfterMs ?? 0);
      return waitMs < remainingMs ? waitMs : undefined;
    },
  };
}
