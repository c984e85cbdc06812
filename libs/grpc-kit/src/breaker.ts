import { commonFaults, Fault } from '@edda/faults';
import { BrokenCircuitError, circuitBreaker, handleWhen, SamplingBreaker } from 'cockatiel';
import { circuitMetadata } from './retry.ts';

export interface BreakerOptions {
  /** Share of calls that must fail for the circuit to open, 0–1; 0.5. */
  threshold?: number;
  /** Over how long failures are counted, ms; 10,000. */
  windowMs?: number;
  /** Below this many calls a second in the window the circuit stays closed; 2. */
  minimumRps?: number;
  /** How long it stays open before one call may probe, ms; 1,000. */
  halfOpenAfterMs?: number;
}

/** Runs a call, or fails at once while the peer is known to be down. */
export type Breaker = <Value>(call: () => Promise<Value>) => Promise<Value>;

/** A circuit breaker that counts only UNAVAILABLE; a fault the peer decided on says that it is alive. */
export function createBreaker(options: BreakerOptions = {}): Breaker {
  const { threshold = 0.5, windowMs = 10_000, minimumRps = 2, halfOpenAfterMs = 1_000 } = options;
  const policy = circuitBreaker(
    handleWhen((error) => error instanceof Fault && error.kind === 'unavailable'),
    { halfOpenAfter: halfOpenAfterMs, breaker: new SamplingBreaker({ threshold, duration: windowMs, minimumRps }) },
  );
  return async (call) => {
    try {
      return await policy.execute(call);
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      throw commonFaults.DEPENDENCY_UNAVAILABLE('The service failed repeatedly; calls are held back for a moment.', {
        retryAfterMs: halfOpenAfterMs,
        metadata: circuitMetadata,
        cause: error,
      });
    }
  };
}
