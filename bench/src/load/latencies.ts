/** Where a share of sorted values lies below; NaN of none. @param share 0 to 1 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** What a load driver saw. */
export interface LoadResult {
  calls: number;
  /** From the first call's start to the last one's end. */
  seconds: number;
  p50LatencyMs: number;
  p99LatencyMs: number;
}

/** @param latenciesMs of every call, in any order; sorted in place */
export function loadResult(latenciesMs: number[], seconds: number): LoadResult {
  const sorted = Float64Array.from(latenciesMs).sort();
  return {
    calls: sorted.length,
    seconds,
    p50LatencyMs: percentile(sorted, 0.5),
    p99LatencyMs: percentile(sorted, 0.99),
  };
}
