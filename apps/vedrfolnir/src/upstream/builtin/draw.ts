/**
 * A number in [0, 1) that depends on the seed and the position alone (splitmix64's finalizer over
 * both), so that an answer resumed at a position goes on exactly as it would have.
 */
export function draw(seed: number, position: number): number {
  let state = BigInt.asUintN(64, BigInt(seed) * 0x9e3779b97f4a7c15n + BigInt(position + 1) * 0xd1b54a32d192ed03n);
  state = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n);
  state = BigInt.asUintN(64, (state ^ (state >> 27n)) * 0x94d049bb133111ebn);
  state ^= state >> 31n;
  return Number(state >> 11n) / 2 ** 53;
}
