/** Bounds how many chunks of a job the market has not acknowledged. */
export interface ChunkWindow {
  /** Resolves when the chunk with this sequence may be sent, or the signal aborts. */
  room(sequence: bigint, signal: AbortSignal): Promise<void>;
  /** The market took everything up to this sequence. */
  acknowledge(sequence: bigint): void;
}

/** @param size most unacknowledged chunks; 0 means no bound beyond the transport's own */
export function createChunkWindow(size: number): ChunkWindow {
  let acknowledged = 0n;
  let wake: (() => void) | undefined;
  return {
    async room(sequence, signal) {
      while (size > 0 && sequence - acknowledged > BigInt(size) && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const done = () => {
            signal.removeEventListener('abort', done);
            resolve();
          };
          wake = done;
          signal.addEventListener('abort', done, { once: true });
        });
      }
    },
    acknowledge(sequence) {
      // Acknowledgements may arrive late but never take anything back.
      if (sequence > acknowledged) acknowledged = sequence;
      wake?.();
    },
  };
}
