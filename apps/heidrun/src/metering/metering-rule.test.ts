import { common } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { billedCount, deviationPpm, weakestMethod, withClaim } from './metering-rule.ts';

const { EXACT, ESTIMATED, REPORTED } = common.TokenMethod;
const trusted = { claims: 10n, meanDeviationPpm: 30_000n };
const estimated = { tokens: 1_000n, method: ESTIMATED };

describe('billedCount (domain rules, Metering)', () => {
  it('bills our count where it is EXACT, whatever is claimed', () => {
    expect(billedCount({ tokens: 1_000n, method: EXACT }, 1_050n, trusted)).toEqual({ tokens: 1_000n, method: EXACT });
    expect(billedCount({ tokens: 1_000n, method: EXACT }, 1n, trusted)).toEqual({ tokens: 1_000n, method: EXACT });
  });

  it.each([
    [1_100n, 1_100n],
    [1_101n, 1_000n],
    [900n, 900n],
    [899n, 899n],
  ])('with an estimate of 1,000, a trusted claim of %s bills %s: within 10 %, else the lower', (claimed, billed) => {
    expect(billedCount(estimated, claimed, trusted).tokens).toBe(billed);
  });

  it('bills the lower of the two while the provider’s mean deviation is above 3 %, either way', () => {
    for (const meanDeviationPpm of [30_001n, -30_001n]) {
      const record = { claims: 10n, meanDeviationPpm };
      expect(billedCount(estimated, 1_001n, record)).toEqual({ tokens: 1_000n, method: ESTIMATED });
      expect(billedCount(estimated, 999n, record)).toEqual({ tokens: 999n, method: REPORTED });
    }
  });

  it('bills the estimate without a claim, and what the caller counted as given', () => {
    expect(billedCount(estimated, undefined, trusted)).toEqual(estimated);
    expect(billedCount({ tokens: 5n, method: REPORTED }, 4n, trusted).tokens).toBe(5n);
  });
});

describe('the rolling mean', () => {
  it('is the plain mean at first and forgets slowly later', () => {
    let record = { claims: 0n, meanDeviationPpm: 0n };
    for (const ppm of [10_000n, 20_000n, 60_000n]) record = withClaim(record, ppm);
    expect(record).toEqual({ claims: 3n, meanDeviationPpm: 30_000n });
    const old = withClaim({ claims: 10_000n, meanDeviationPpm: 0n }, 100_000n);
    expect(old.meanDeviationPpm).toBe(1_000n);
  });

  it('holds one wild claim within ±100 %', () => {
    expect(deviationPpm(10n ** 12n, 1n)).toBe(1_000_000n);
    expect(deviationPpm(0n, 7n)).toBe(-1_000_000n);
    expect(deviationPpm(5n, 0n)).toBe(1_000_000n);
    expect(deviationPpm(0n, 0n)).toBeUndefined();
  });
});

describe('weakestMethod', () => {
  it('orders REPORTED, ESTIMATED, EXACT', () => {
    expect(weakestMethod([EXACT, ESTIMATED])).toBe(ESTIMATED);
    expect(weakestMethod([ESTIMATED, REPORTED, EXACT])).toBe(REPORTED);
    expect(weakestMethod([EXACT])).toBe(EXACT);
    expect(weakestMethod([])).toBe(REPORTED);
  });
});
