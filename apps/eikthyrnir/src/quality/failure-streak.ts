/** What is needed to count failures in a row whatever order they are reported in; times in ms since 1970. */
export interface FailureStreak {
  lastSuccessAt: number | undefined;
  /** Failures later than the last success, oldest first; at most MAX_STREAK, the latest ones. */
  failures: readonly number[];
}

/** Longer streaks read as this many; a provider with so many is long out of business. */
export const MAX_STREAK = 100;

export const noStreak: FailureStreak = { lastSuccessAt: undefined, failures: [] };

/** A success ends the streak of all failures up to its own time; later ones, though reported before, stay. */
export function withSuccess(streak: FailureStreak, at: number): FailureStreak {
  const lastSuccessAt = Math.max(streak.lastSuccessAt ?? at, at);
  return { lastSuccessAt, failures: streak.failures.filter((failure) => failure > lastSuccessAt) };
}

/** A failure counts unless a success at or after its time is known. */
export function withFailure(streak: FailureStreak, at: number): FailureStreak {
  if (streak.lastSuccessAt !== undefined && at <= streak.lastSuccessAt) return streak;
  const failures = [...streak.failures, at].sort((a, b) => a - b).slice(-MAX_STREAK);
  return { ...streak, failures };
}
