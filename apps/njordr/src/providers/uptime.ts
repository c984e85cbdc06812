/** The share of time a provider was connected, older time counting less. */
export interface Uptime {
  share: number;
  /** Epoch ms up to which it is counted. */
  at: number;
}

/** Counts the time since `uptime.at`, during which the provider was connected or not. */
export function countUptime(uptime: Uptime, connected: boolean, now: number, halfLifeMs: number): Uptime {
  const keep = 2 ** -(Math.max(0, now - uptime.at) / halfLifeMs);
  return { share: uptime.share * keep + (connected ? 1 - keep : 0), at: now };
}
