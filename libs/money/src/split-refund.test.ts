import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capture, cuts } from '../test/arbitraries.ts';
import { fraction, isLess, plus } from '../test/fraction.ts';
import { splitRefund, type Refund } from './index.ts';

const add = (amounts: readonly bigint[]) => amounts.reduce((sum, amount) => sum + amount, 0n);

type Captured = Pick<Refund, 'totalCents' | 'feeCents' | 'legEarningsCents'>;

/** Refunds the pieces one after the other, as the ledger would, yielding what is given back so far. */
function* refundInPieces(captured: Captured, pieces: readonly bigint[]) {
  let refunded = 0n;
  let fee = 0n;
  let legs = captured.legEarningsCents.map(() => 0n);
  for (const amountCents of pieces) {
    const before = { refundedBeforeCents: refunded, feeReturnedBeforeCents: fee, legsReturnedBeforeCents: legs };
    const parts = splitRefund({ ...captured, ...before, amountCents });
    refunded += amountCents;
    fee += parts.feeReturnedCents;
    legs = legs.map((returned, leg) => returned + (parts.legsReturnedCents[leg] ?? 0n));
    yield { parts, amountCents, refunded, fee, legs };
  }
}

const captureInPieces = capture.chain((captured) => fc.tuple(fc.constant(captured), cuts(captured.totalCents)));

describe('splitRefund (Transaction: refunds are cumulative)', () => {
  it('sums to exactly the fee and each leg’s earnings, however a full refund is cut', () => {
    fc.assert(
      fc.property(captureInPieces, ([captured, pieces]) => {
        const last = [...refundInPieces(captured, pieces)].at(-1);
        expect(last?.fee).toBe(captured.feeCents);
        expect(last?.legs).toEqual(captured.legEarningsCents);
      }),
      { numRuns: 500 },
    );
  });

  it('never takes a cent back that was returned, and each refund’s parts sum to it', () => {
    fc.assert(
      fc.property(captureInPieces, ([captured, pieces]) => {
        for (const { parts, amountCents } of refundInPieces(captured, pieces)) {
          const all = [parts.feeReturnedCents, ...parts.legsReturnedCents];
          expect(all.every((part) => part >= 0n)).toBe(true);
          expect(add(all)).toBe(amountCents);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('returns ⌊fee × R / total⌋ of the fee, and from no leg a whole cent above its share', () => {
    fc.assert(
      fc.property(captureInPieces, ([captured, pieces]) => {
        const earnings = add(captured.legEarningsCents);
        for (const { refunded, fee, legs } of refundInPieces(captured, pieces)) {
          const due = fraction(captured.feeCents * refunded, captured.totalCents);
          expect(isLess(due, fraction(fee))).toBe(false);
          expect(isLess(due, fraction(fee + 1n))).toBe(true);
          legs.forEach((returned, leg) => {
            const earned = captured.legEarningsCents[leg] ?? 0n;
            const share = earnings === 0n ? fraction(0n) : fraction(earned * (refunded - fee), earnings);
            expect(isLess(fraction(returned), plus(share, fraction(1n)))).toBe(true);
          });
        }
      }),
    );
  });

  const captured = { totalCents: 100n, feeCents: 15n, legEarningsCents: [50n, 35n] };
  const untouched = { refundedBeforeCents: 0n, feeReturnedBeforeCents: 0n, legsReturnedBeforeCents: [0n, 0n] };

  it('splits a first partial refund by largest remainder', () => {
    // 10 of 100: fee ⌊1.5⌋ = 1; 9 from the legs: 5.29 and 3.70 become 5 and 4.
    expect(splitRefund({ ...captured, ...untouched, amountCents: 10n })).toEqual({
      feeReturnedCents: 1n,
      legsReturnedCents: [5n, 4n],
    });
  });

  it('lets the earlier leg give back a tie', () => {
    const even = { totalCents: 90n, feeCents: 0n, legEarningsCents: [30n, 30n, 30n] };
    const none = { ...untouched, legsReturnedBeforeCents: [0n, 0n, 0n] };
    expect(splitRefund({ ...even, ...none, amountCents: 2n }).legsReturnedCents).toEqual([1n, 1n, 0n]);
  });

  it('takes nothing back where a growing refund shrinks a share (the Alabama paradox)', () => {
    // Largest remainder splits 137 into 104, 6, 5, 22, but 138 into 105, 6, 4, 23: the third would get a cent back.
    const captured = { totalCents: 153n, feeCents: 0n, legEarningsCents: [116n, 7n, 5n, 25n] };
    const [first, second] = [...refundInPieces(captured, [137n, 1n])];
    expect(first?.legs).toEqual([104n, 6n, 5n, 22n]);
    expect(second?.legs).toEqual([105n, 6n, 5n, 22n]);
  });

  it('stays quick for amounts at the end of the range', () => {
    const huge = { totalCents: 10n ** 18n, feeCents: 10n ** 17n, legEarningsCents: [3n * 10n ** 17n, 6n * 10n ** 17n] };
    const parts = splitRefund({ ...huge, ...untouched, amountCents: 10n ** 18n });
    expect(parts.legsReturnedCents).toEqual(huge.legEarningsCents);
  });

  it.each([
    [{ amountCents: 101n }, 'REFUND_EXCEEDS_CAPTURED'],
    [{ amountCents: 0n }, 'AMOUNT_OUT_OF_RANGE'],
    [{ amountCents: -1n }, 'AMOUNT_OUT_OF_RANGE'],
    [{ totalCents: 99n }, 'REFUND_HISTORY_INCONSISTENT'],
    [{ refundedBeforeCents: 1n }, 'REFUND_HISTORY_INCONSISTENT'],
    [{ legsReturnedBeforeCents: [0n] }, 'REFUND_HISTORY_INCONSISTENT'],
    [{ refundedBeforeCents: 1n, feeReturnedBeforeCents: 1n }, 'REFUND_HISTORY_INCONSISTENT'],
    [
      { refundedBeforeCents: 64n, feeReturnedBeforeCents: 9n, legsReturnedBeforeCents: [55n, 0n] },
      'REFUND_HISTORY_INCONSISTENT',
    ],
    [
      { refundedBeforeCents: 40n, feeReturnedBeforeCents: 6n, legsReturnedBeforeCents: [0n, 34n], amountCents: 1n },
      'REFUND_HISTORY_INCONSISTENT',
    ],
  ])('refuses %o with %s', (change, reason) => {
    const refund = { ...captured, ...untouched, amountCents: 10n, ...change };
    expect(() => splitRefund(refund)).toThrow(expect.objectContaining({ reason }));
  });

  it('names what is left when a refund asks for too much', () => {
    const before = { refundedBeforeCents: 10n, feeReturnedBeforeCents: 1n, legsReturnedBeforeCents: [5n, 4n] };
    expect(() => splitRefund({ ...captured, ...before, amountCents: 91n })).toThrow(
      expect.objectContaining({ reason: 'REFUND_EXCEEDS_CAPTURED', metadata: { refundable_cents: '90' } }),
    );
  });
});
