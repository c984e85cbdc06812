import { describe, expect, it } from 'vitest';
import { nextPayoutAt } from './next-payout-at.ts';

describe('when a schedule pays out next (UTC)', () => {
  it.each([
    ['DAILY', '2026-03-01T00:00:00Z', '2026-03-02'],
    ['DAILY', '2026-12-31T23:59:59Z', '2027-01-01'],
    // A Sunday, a Monday, a Tuesday.
    ['WEEKLY', '2026-03-01T12:00:00Z', '2026-03-02'],
    ['WEEKLY', '2026-03-02T00:00:00Z', '2026-03-09'],
    ['WEEKLY', '2026-03-03T00:00:00Z', '2026-03-09'],
    ['MONTHLY', '2026-01-31T12:00:00Z', '2026-02-01'],
    ['MONTHLY', '2026-12-01T00:00:00Z', '2027-01-01'],
  ] as const)('%s after %s is %s', (schedule, now, next) => {
    expect(nextPayoutAt(schedule, new Date(now))).toEqual(new Date(`${next}T00:00:00Z`));
  });

  it('is never without a schedule', () => {
    expect(nextPayoutAt('MANUAL', new Date())).toBeUndefined();
  });
});
