import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { commonFaults, Fault } from '@edda/faults';
import { BrokenCircuitError, bulkhead, circuitBreaker, ConsecutiveBreaker, handleWhen } from 'cockatiel';
import { askCountEndpoint, type CountRequest } from './count-endpoint.ts';

/** Counts asked of the endpoint at once; more are estimated. */
const MAX_AT_ONCE = 16;
/** Failures in a row after which the endpoint is left alone … */
const FAILURES = 5;
/** … for so long, ms. */
const PAUSE_MS = 10_000;
const RETRY_AFTER_MS = 50;
/** Counts that are remembered: quote, hold and capture of a request ask for the same ones. Some 200 bytes each. */
const MAX_REMEMBERED = 5_000;

export type RemoteOutcome = 'counted' | 'remembered' | 'failed' | 'held-back';

export interface RemoteCountsOptions {
  apiKey: string;
  settings: () => { readonly url: string; readonly timeoutMs: number };
  /** Told of every count that was asked for. */
  onOutcome: (outcome: RemoteOutcome) => void;
}

export interface RemoteCounts {
  /** @throws a Fault when there is no count to be had in time */
  count(request: CountRequest): Promise<number>;
}

const isUnavailable = (error: unknown): boolean => error instanceof Fault && error.kind === 'unavailable';

/** Neither a limited rate nor a refused key gets better by asking again at once. */
const isWorthRepeating = (error: unknown): boolean =>
  error instanceof Fault && isUnavailable(error) && Number(error.metadata['status'] ?? 500) >= 500;

/** Anthropic's counts: bounded in time and number, asked for twice at most, remembered, and not asked for while it is down. */
export function createRemoteCounts({ apiKey, settings, onOutcome }: RemoteCountsOptions): RemoteCounts {
  const remembered = new Map<string, number>();
  const underWay = new Map<string, Promise<number>>();
  const room = bulkhead(MAX_AT_ONCE);
  const circuit = circuitBreaker(handleWhen(isUnavailable), {
    halfOpenAfter: PAUSE_MS,
    breaker: new ConsecutiveBreaker(FAILURES),
  });

  async function ask(request: CountRequest): Promise<number> {
    const { url, timeoutMs } = settings();
    const signal = AbortSignal.timeout(timeoutMs);
    const once = () => askCountEndpoint({ url, apiKey }, request, signal);
    try {
      return await once().catch(async (error: unknown) => {
        if (!isWorthRepeating(error)) throw error;
        await sleep(RETRY_AFTER_MS, undefined, { signal });
        return once();
      });
    } catch (cause) {
      if (cause instanceof Fault) throw cause;
      throw commonFaults.DEPENDENCY_UNAVAILABLE(`The endpoint did not answer within ${timeoutMs} ms.`, { cause });
    }
  }

  async function count(request: CountRequest, key: string): Promise<number> {
    try {
      const tokens = await room.execute(() => circuit.execute(() => ask(request)));
      remembered.set(key, tokens);
      if (remembered.size > MAX_REMEMBERED) remembered.delete(remembered.keys().next().value ?? '');
      onOutcome('counted');
      return tokens;
    } catch (cause) {
      if (cause instanceof Fault) {
        onOutcome('failed');
        throw cause;
      }
      onOutcome('held-back');
      const why = cause instanceof BrokenCircuitError ? 'it failed repeatedly' : 'too many counts are under way';
      throw commonFaults.DEPENDENCY_UNAVAILABLE(`The endpoint is not asked: ${why}.`, { cause });
    } finally {
      underWay.delete(key);
    }
  }

  return {
    async count(request) {
      const key = createHash('sha256').update(JSON.stringify(request)).digest('base64');
      const known = remembered.get(key);
      if (known !== undefined) {
        onOutcome('remembered');
        return known;
      }
      const shared = underWay.get(key) ?? count(request, key);
      underWay.set(key, shared);
      return shared;
    },
  };
}
