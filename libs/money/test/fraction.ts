/**
 * A second opinion for the tests: plain school fractions, added pairwise and compared by
 * cross-multiplying. The library never builds such fractions; it works over one common denominator.
 */
export interface Fraction {
  over: bigint;
  under: bigint;
}

export function fraction(over: bigint, under = 1n): Fraction {
  return { over, under };
}

export function plus(a: Fraction, b: Fraction): Fraction {
  return { over: a.over * b.under + b.over * a.under, under: a.under * b.under };
}

export function minus(a: Fraction, b: Fraction): Fraction {
  return plus(a, { over: -b.over, under: b.under });
}

export function isLess(a: Fraction, b: Fraction): boolean {
  return a.over * b.under < b.over * a.under;
}

/** Long division by hand on decimal digits, then one up if anything is left. */
export function ceilingByLongDivision(dividend: bigint, divisor: bigint): bigint {
  let quotient = '';
  let rest = 0n;
  for (const digit of dividend.toString()) {
    rest = rest * 10n + BigInt(digit);
    let times = 0;
    for (; rest >= divisor; rest -= divisor) times++;
    quotient += times;
  }
  return BigInt(quotient) + (rest > 0n ? 1n : 0n);
}
