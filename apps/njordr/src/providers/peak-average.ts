/**
 * A moving average that jumps to a peak at once and comes down with time constant `tauMs`: a provider that was slow
 * a moment ago is taken to be slow until it has shown otherwise.
 */
export function peakAverage(average: number, sample: number, elapsedMs: number, tauMs: number): number {
  if (average === 0 || sample >= average) return sample;
  const keep = Math.exp(-Math.max(0, elapsedMs) / tauMs);
  return average * keep + sample * (1 - keep);
}
