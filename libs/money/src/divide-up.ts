/** ⌈numerator / denominator⌉ for numerator ≥ 0 and denominator > 0. */
export function divideUp(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}
