/** What an owner allows a provider; 0 means no limit. */
export interface OwnerLimits {
  /** Jobs in any 60 s. */
  requestsPerMinute: number;
  /** Tokens, input and output, of a UTC day. */
  tokensPerDay: bigint;
}

/** What a provider has done, as far as its owner's limits ask for it. */
export interface OwnerUsage {
  /** Counts a job. @param now epoch ms */
  countJob(now: number): void;
  /** Tokens of the UTC day that `now` is in, as they are stored. */
  setTokens(tokens: bigint, now: number): void;
  /** Until when the limits allow no further job, epoch ms; 0 when they allow one now. */
  limitedUntil(limits: OwnerLimits, now: number): number;
}

const SECOND_MS = 1_000;
/** The running second beside 60 full ones: never more than allowed in any minute. */
const SECONDS = 61;
const DAY_MS = 86_400_000;

export function createOwnerUsage(): OwnerUsage {
  /** Jobs per second, by the second's number modulo their count. */
  const counts = new Array<number>(SECONDS).fill(0);
  const state = { second: 0, jobs: 0, tokens: 0n, day: 0 };
  const advance = (now: number): number => {
    const second = Math.floor(now / SECOND_MS);
    for (let next = Math.max(state.second + 1, second - SECONDS + 1); next <= second; next += 1) {
      state.jobs -= counts[next % SECONDS]!;
      counts[next % SECONDS] = 0;
    }
    state.second = Math.max(state.second, second);
    return state.second;
  };
  /** When enough jobs are more than a minute ago. */
  const minuteEnds = (most: number): number => {
    let left = state.jobs;
    for (let second = state.second - SECONDS + 1; second <= state.second; second += 1) {
      left -= counts[((second % SECONDS) + SECONDS) % SECONDS]!;
      if (left < most) return (second + SECONDS) * SECOND_MS;
    }
    return 0;
  };
  return {
    countJob(now) {
      const second = advance(now);
      counts[second % SECONDS]! += 1;
      state.jobs += 1;
    },
    setTokens(tokens, now) {
      state.tokens = tokens;
      state.day = Math.floor(now / DAY_MS);
    },
    limitedUntil({ requestsPerMinute, tokensPerDay }, now) {
      const today = Math.floor(now / DAY_MS);
      if (tokensPerDay > 0n && state.day === today && state.tokens >= tokensPerDay) return (today + 1) * DAY_MS;
      if (requestsPerMinute === 0) return 0;
      advance(now);
      return state.jobs < requestsPerMinute ? 0 : minuteEnds(requestsPerMinute);
    },
  };
}
