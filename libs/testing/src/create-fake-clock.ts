/** A clock that stands still until told otherwise; fits wherever a `{ now(): Date }` is asked for. */
export interface FakeClock {
  now(): Date;
  /** Moves time on by `ms`, which may be negative to simulate a clock set back. */
  advance(ms: number): void;
  set(time: Date | string): void;
}

/** @param start the first time shown; 2026-01-01T00:00:00Z by default */
export function createFakeClock(start: Date | string = '2026-01-01T00:00:00Z'): FakeClock {
  const parse = (time: Date | string): number => {
    const value = new Date(time).getTime();
    if (Number.isNaN(value)) throw new Error(`not a time: ${String(time)}`);
    return value;
  };
  let current = parse(start);
  return {
    now: () => new Date(current),
    advance: (ms) => void (current += ms),
    set: (time) => void (current = parse(time)),
  };
}
