import { describe, expect, it } from 'vitest';
import { createOwnerUsage } from './owner-limits.ts';

const NOON = Date.parse('2026-01-05T12:00:00Z');
const perMinute = { requestsPerMinute: 3, tokensPerDay: 0n };

describe('an owner’s limits', () => {
  it('let no more jobs through in any minute than allowed', () => {
    const usage = createOwnerUsage();
    const taken: number[] = [];
    for (let now = NOON; now < NOON + 600_000; now += 700) {
      if (usage.limitedUntil(perMinute, now) > now) continue;
      usage.countJob(now);
      taken.push(now);
    }
    for (const at of taken) expect(taken.filter((time) => time > at - 60_000 && time <= at).length).toBeLessThan(4);
    expect(taken.length).toBeGreaterThan(25);
  });

  it('say when the next job may come, and mean it', () => {
    const usage = createOwnerUsage();
    for (const seconds of [0, 10, 20]) usage.countJob(NOON + seconds * 1_000);
    const until = usage.limitedUntil(perMinute, NOON + 21_000);
    expect(until).toBe(NOON + 61_000);
    expect(usage.limitedUntil(perMinute, until - 1)).toBe(until);
    expect(usage.limitedUntil(perMinute, until)).toBe(0);
  });

  it('end a day’s tokens at midnight, UTC', () => {
    const usage = createOwnerUsage();
    const limits = { requestsPerMinute: 0, tokensPerDay: 100n };
    usage.setTokens(99n, NOON);
    expect(usage.limitedUntil(limits, NOON)).toBe(0);
    usage.setTokens(100n, NOON);
    const midnight = Date.parse('2026-01-06T00:00:00Z');
    expect(usage.limitedUntil(limits, NOON)).toBe(midnight);
    expect(usage.limitedUntil(limits, midnight)).toBe(0);
  });

  it('of 0 limit nothing', () => {
    const usage = createOwnerUsage();
    for (let job = 0; job < 10_000; job += 1) usage.countJob(NOON);
    usage.setTokens(10n ** 12n, NOON);
    expect(usage.limitedUntil({ requestsPerMinute: 0, tokensPerDay: 0n }, NOON)).toBe(0);
  });
});
