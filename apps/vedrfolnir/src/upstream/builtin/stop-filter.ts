/** Withholds what might become a stop text until it is clear whether it does. */
export interface StopFilter {
  /** Takes the next text and gives what may be delivered; `stopped` once a stop text is complete. */
  push(text: string): { text: string; stopped: boolean };
  /** What was still withheld when the answer ended by itself. */
  rest(): string;
}

/** @param stops texts that end the answer and are not part of it; empty ones are ignored */
export function createStopFilter(stops: readonly string[]): StopFilter {
  const wanted = stops.filter((stop) => stop !== '');
  let held = '';
  return {
    push(text) {
      held += text;
      const found = Math.min(...wanted.map((stop) => held.indexOf(stop)).filter((at) => at >= 0));
      if (found < Infinity) {
        const before = held.slice(0, found);
        held = '';
        return { text: before, stopped: true };
      }
      const keep = Math.max(0, ...wanted.map((stop) => overlap(held, stop)));
      const clear = held.slice(0, held.length - keep);
      held = held.slice(held.length - keep);
      return { text: clear, stopped: false };
    },
    rest() {
      const text = held;
      held = '';
      return text;
    },
  };
}

/** How long the longest end of `text` is that `stop` begins with. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (stop.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}
