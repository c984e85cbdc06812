/** One reading for all that ask while it is under way: gauges of one scrape that tell of the same rows. */
export function shareReading<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= read().finally(() => (running = undefined)));
}
