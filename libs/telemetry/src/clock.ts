/** Where decisions take the time from, so that tests can set it. */
export interface Clock {
  now(): Date;
}

/** The machine’s wall clock. */
export const systemClock: Clock = { now: () => new Date() };
