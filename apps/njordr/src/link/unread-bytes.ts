/** Counts what is kept for readers that are slower than their providers, over all jobs, and bounds it. */
export interface UnreadBytes {
  readonly total: number;
  add(bytes: number): void;
  roomFor(bytes: number): boolean;
}

/** @param most bytes over all jobs */
export function createUnreadBytes(most: () => number): UnreadBytes {
  let total = 0;
  return {
    get total() {
      return total;
    },
    add: (bytes) => void (total += bytes),
    roomFor: (bytes) => total + bytes <= most(),
  };
}
