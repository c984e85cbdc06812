import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rateBps } from '../test/arbitraries.ts';
import { fraction, isLess, minus } from '../test/fraction.ts';
import { INT64_MAX, settle, settleWithCarry } from './index.ts';

const anyTotal = fc.oneof(fc.bigInt(0n, 100n), fc.bigInt(0n, INT64_MAX));

describe('settle (Money: commission, stateless)', () => {
  it.each([
    [100n, 1_500n, 15n],
    [99n, 1_500n, 14n],
    [1n, 1_500n, 0n],
    [0n, 1_000n, 0n],
    [INT64_MAX, 1_000n, 922_337_203_685_477_580n],
  ])('takes from %i ct at %i bps a fee of %i ct', (total, rate, fee) => {
    expect(settle(total, rate)).toEqual({ companyFeeCents: fee, providerEarningsCents: total - fee });
  });

  it('rounds the fee down by less than a cent, and the parts sum to the whole', () => {
    fc.assert(
      fc.property(anyTotal, rateBps, (total, rate) => {
        const { companyFeeCents: fee, providerEarningsCents } = settle(total, rate);
        const gap = minus(fraction(total * rate, 10_000n), fraction(fee));
        expect(isLess(gap, fraction(0n))).toBe(false);
        expect(isLess(gap, fraction(1n))).toBe(true);
        expect(fee + providerEarningsCents).toBe(total);
      }),
    );
  });
});

describe('settleWithCarry (Money: the remainder is carried per provider)', () => {
  it('keeps |Σ fee − Σ total × rate| below 1 ct over any run, whatever rates and totals it mixes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyTotal, rateBps), { maxLength: 60 }),
        fc.bigInt(0n, 9_999n),
        (captures, firstCarry) => {
          let carry = firstCarry;
          let difference = fraction(0n);
          for (const [total, rate] of captures) {
            const settled = settleWithCarry(total, rate, carry);
            carry = settled.carry;
            expect(settled.companyFeeCents + settled.providerEarningsCents).toBe(total);
            expect(settled.providerEarningsCents).toBeGreaterThanOrEqual(0n);
            difference = fraction(difference.over + settled.companyFeeCents * 10_000n - total * rate, 10_000n);
            expect(isLess(difference, fraction(1n)) && isLess(fraction(-1n), difference)).toBe(true);
          }
        },
      ),
    );
  });

  it('charges a hundred 1-cent requests their 15 %', () => {
    let carry = 0n;
    let fees = 0n;
    for (let request = 0; request < 100; request++) {
      const settled = settleWithCarry(1n, 1_500n, carry);
      carry = settled.carry;
      fees += settled.companyFeeCents;
    }
    expect({ fees, carry }).toEqual({ fees: 15n, carry: 0n });
  });

  it.each([-1n, 10_000n])('refuses the carry %i', (carry) => {
    expect(() => settleWithCarry(1n, 1_500n, carry)).toThrow(
      expect.objectContaining({ reason: 'COMMISSION_CARRY_OUT_OF_RANGE' }),
    );
  });
});

describe.each([
  ['settle', settle],
  ['settleWithCarry', (total: bigint, rate: bigint) => settleWithCarry(total, rate, 0n)],
] as const)('%s bounds', (_, split) => {
  it.each([
    [1n, 999n, 'COMMISSION_RATE_OUT_OF_RANGE'],
    [1n, 1_501n, 'COMMISSION_RATE_OUT_OF_RANGE'],
    [-1n, 1_500n, 'AMOUNT_OUT_OF_RANGE'],
    [INT64_MAX + 1n, 1_500n, 'AMOUNT_OVERFLOW'],
  ])('refuses %i ct at %i bps with %s', (total, rate, reason) => {
    expect(() => split(total, rate)).toThrow(expect.objectContaining({ reason }));
  });
});
