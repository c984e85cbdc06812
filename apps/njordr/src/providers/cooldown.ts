/** A provider's faults in a row and what follows from them. */
export interface Cooldown {
  /** Faults since the last success. */
  faults: number;
  /** Epoch ms; 0 when there was no fault. */
  until: number;
  /** After a cooldown, one job at a time tries the provider out. */
  trial: boolean;
}

export const noCooldown = (): Cooldown => ({ faults: 0, until: 0, trial: false });

/** Epoch ms until which nothing goes to the provider; Infinity while its trial runs. */
export function coolingUntil(cooldown: Cooldown): number {
  return cooldown.trial ? Infinity : cooldown.until;
}

/** A fault: `base × 2^n`, n the faults before it, at most `cap`. */
export function afterFault(cooldown: Cooldown, now: number, baseMs: number, capMs: number): Cooldown {
  // Jobs that were under way together fail together: one incident, not many.
  const faults = cooldown.until > now ? cooldown.faults : cooldown.faults + 1;
  const lengthMs = Math.min(capMs, baseMs * 2 ** Math.min(faults - 1, 40));
  return { faults, until: Math.max(cooldown.until, now + lengthMs), trial: false };
}

/** A job begins: the first one after a cooldown is the trial. */
export function afterReserve(cooldown: Cooldown): Cooldown {
  return cooldown.faults > 0 ? { ...cooldown, trial: true } : cooldown;
}
