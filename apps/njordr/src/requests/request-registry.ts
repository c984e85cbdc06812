import { commonFaults } from '@edda/faults';
import { type RunControl } from './run-control.ts';

export interface PlaceLimits {
  /** Of all requesters together. */
  maxConcurrent: number;
  maxPerRequester: number;
}

const RETRY_AFTER_MS = 1_000;

/** The requests that run in this process. */
export interface RequestRegistry {
  /** Requests that run, or wait for their hold. */
  readonly size: number;
  /**
   * A place for a request that is about to be checked and held; it counts until it is given back.
   * @param requester whose it is; @returns gives it back, further calls do nothing
   * @throws RATE_LIMITED when too many run or wait, of all or of this requester
   */
  enter(requester: string, limits: PlaceLimits): () => void;
  /**
   * Begins work for one idempotency key at a time, whatever the outcome of the one before: a duplicate finds what the
   * first wrote, and competes with it for nothing, such as a provider's last slot.
   * @param key null for work that no other repeats
   */
  inTurn<Result>(key: string | null, work: () => Promise<Result>): Promise<Result>;
  /** Runs `work` as the request's; it is listed until the promise settles, and never rejects. @param leave gives its place back then */
  run(requestId: string, control: RunControl, work: () => Promise<void>, leave: () => void): void;
  control(requestId: string): RunControl | undefined;
  /** Resolves when the request has ended; undefined when it does not run here. */
  ended(requestId: string): Promise<void> | undefined;
  /** Waits up to `graceMs` for all, then calls the rest off as `shutdown` and waits for their settlement. */
  drain(graceMs: number): Promise<void>;
}

export function createRequestRegistry(): RequestRegistry {
  const running = new Map<string, { control: RunControl; ended: Promise<void> }>();
  const perRequester = new Map<string, number>();
  const turns = new Map<string, Promise<unknown>>();
  let places = 0;
  const allEnded = () => Promise.allSettled([...running.values()].map(({ ended }) => ended));
  return {
    get size() {
      return places;
    },
    enter(requester, { maxConcurrent, maxPerRequester }) {
      const own = perRequester.get(requester) ?? 0;
      const [count, most, whose] =
        own >= maxPerRequester ? [own, maxPerRequester, ' of yours'] : [places, maxConcurrent, ''];
      if (count >= most) {
        throw commonFaults.RATE_LIMITED(`${most} requests${whose} run already.`, { retryAfterMs: RETRY_AFTER_MS });
      }
      places += 1;
      perRequester.set(requester, own + 1);
      let left = false;
      return () => {
        if (left) return;
        left = true;
        places -= 1;
        const rest = (perRequester.get(requester) ?? 1) - 1;
        if (rest > 0) perRequester.set(requester, rest);
        else perRequester.delete(requester);
      };
    },
    async inTurn(key, work) {
      if (key === null) return work();
      const before = turns.get(key) ?? Promise.resolve();
      const mine = before.then(work, work);
      turns.set(key, mine);
      try {
        return await mine;
      } finally {
        if (turns.get(key) === mine) turns.delete(key);
      }
    },
    run(requestId, control, work, leave) {
      const ended = work()
        .catch(() => undefined)
        .finally(() => {
          running.delete(requestId);
          leave();
        });
      running.set(requestId, { control, ended });
    },
    control: (requestId) => running.get(requestId)?.control,
    ended: (requestId) => running.get(requestId)?.ended,
    async drain(graceMs) {
      let timer: NodeJS.Timeout | undefined;
      const grace = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)));
      await Promise.race([allEnded(), grace]);
      clearTimeout(timer);
      for (const { control } of running.values()) control.callOff('shutdown');
      await allEnded();
    },
  };
}
