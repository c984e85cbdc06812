import { commonFaults } from '@edda/faults';
import { describe, expect, it } from 'vitest';
import { circuitMetadata, createRetryPolicy } from './retry.ts';

const down = commonFaults.DEPENDENCY_UNAVAILABLE('down');

describe('createRetryPolicy', () => {
  it('waits base × 2^n, at most the cap, with up to half taken off', () => {
    const long = createRetryPolicy({ maxAttempts: 9, baseMs: 100, capMs: 500, random: () => 1 });
    expect([0, 1, 2, 3].map((attempt) => long.afterFailure(down, attempt, 10_000))).toEqual([100, 200, 400, 500]);
    expect(createRetryPolicy({ baseMs: 100, random: () => 0 }).afterFailure(down, 0, 10_000)).toBe(50);
  });

  it('waits at least as long as the peer asks', () => {
    const asks = commonFaults.DRAINING('bye', { retryAfterMs: 700 });
    expect(createRetryPolicy().afterFailure(asks, 0, 10_000)).toBe(700);
  });

  it('gives up on other faults, on an open circuit, after the last attempt and when no time is left', () => {
    const policy = createRetryPolicy({ maxAttempts: 3 });
    expect(policy.afterFailure(commonFaults.RATE_LIMITED('x'), 0, 10_000)).toBeUndefined();
    const open = commonFaults.DEPENDENCY_UNAVAILABLE('x', { metadata: circuitMetadata });
    expect(policy.afterFailure(open, 0, 10_000)).toBeUndefined();
    expect(policy.afterFailure(down, 2, 10_000)).toBeUndefined();
    expect(policy.afterFailure(down, 0, 10)).toBeUndefined();
  });

  it('stops when the budget is spent; ten successes buy one retry', () => {
    const policy = createRetryPolicy({ budget: 3 });
    const tries = () => policy.afterFailure(down, 0, 10_000) !== undefined;
    expect([tries(), tries(), tries(), tries()]).toEqual([true, true, false, false]);
    for (let at = 0; at < 21; at += 1) policy.succeeded();
    expect([tries(), tries()]).toEqual([true, false]);
  });
});
