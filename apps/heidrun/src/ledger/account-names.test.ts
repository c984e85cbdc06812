import { describe, expect, it } from 'vitest';
import { companyRevenue, rowOf, STRIPES, walletOf } from './account-names.ts';

describe('account names', () => {
  it('never gives two tenants the same wallet', () => {
    expect(walletOf({ networkId: 'a', userId: 'demo' })).toBe('wallet:a/demo');
    expect(walletOf({ networkId: 'b', userId: 'demo' })).not.toBe(walletOf({ networkId: 'a', userId: 'demo' }));
    expect(walletOf({ networkId: 'a/b', userId: 'c' })).not.toBe(walletOf({ networkId: 'a', userId: 'b/c' }));
  });

  it('spreads a striped account evenly and stably by cause', () => {
    const causes = Array.from({ length: 1_600 }, (_, i) => `transaction-${i}`);
    const counts = new Map<string, number>();
    for (const cause of causes) {
      const { name } = rowOf(companyRevenue, cause);
      expect(rowOf(companyRevenue, cause).name).toBe(name);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    expect(counts.size).toBe(STRIPES);
    expect(Math.min(...counts.values())).toBeGreaterThan(50);
  });

  it('refuses names that are no account', () => {
    expect(() => rowOf('purse:anna', '')).toThrow('not an account');
  });
});
