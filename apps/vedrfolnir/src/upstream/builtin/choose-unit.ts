/**
 * Chooses an index from unnormalised weights.
 * @param temperature 0 takes the heaviest; 1 draws as weighted; below 1 sharpens, above 1 flattens
 * @param topP draws only from the fewest heaviest that together hold this share; 1 draws from all
 * @param chance in [0, 1)
 * @returns -1 when every weight is 0
 */
export function chooseUnit(weights: Float64Array, temperature: number, topP: number, chance: number): number {
  const heaviest = weights.reduce((best, weight, at) => (weight > (weights[best] ?? 0) ? at : best), 0);
  const top = weights[heaviest] ?? 0;
  if (!(top > 0)) return -1;
  if (temperature <= 0.01) return heaviest;
  // Relative to the heaviest, so that no power of a small probability underflows to 0 for all.
  const shaped = weights.map((weight) => (weight > 0 ? (weight / top) ** (1 / temperature) : 0));
  if (topP < 1) keepNucleus(shaped, topP);
  let left = chance * shaped.reduce((sum, weight) => sum + weight, 0);
  for (let at = 0; at < shaped.length; at++) {
    left -= shaped[at] ?? 0;
    if (left < 0) return at;
  }
  return heaviest;
}

function keepNucleus(weights: Float64Array, topP: number): void {
  const order = [...weights.keys()].sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
  let left = topP * weights.reduce((sum, weight) => sum + weight, 0);
  for (const at of order) {
    if (left <= 0) weights[at] = 0;
    left -= weights[at] ?? 0;
  }
}
