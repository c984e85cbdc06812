import { commonFaults, type Fault } from '@edda/faults';

/** Too many large texts are being counted. */
export const countingBusy = (retryAfterMs: number): Fault =>
  commonFaults.RATE_LIMITED('too many large texts are waiting to be counted', { retryAfterMs });

/** A large text was not counted in time. */
export const countingLate = (deadlineMs: number): Fault =>
  commonFaults.DEADLINE_EXCEEDED(`counting did not end within ${deadlineMs} ms`);

/** The thread that counted is gone, or the pool is closed. */
export const countingLost = (cause?: unknown): Fault =>
  commonFaults.DEPENDENCY_UNAVAILABLE('counting was interrupted', { cause });
