export interface HeartbeatOptions {
  /** From the market's welcome; kept within 100–60,000. */
  intervalMs: number;
  /** Sends one, counted from 1. */
  beat: (sequence: bigint) => void;
  /** Nothing was heard for three intervals, although every heartbeat is answered: the line is dead. */
  onSilence: () => void;
}

const MISSED_UNTIL_DEAD = 3;

/** Beats at once and then regularly, and listens for the other side. */
export function startHeartbeat(options: HeartbeatOptions): { heard(): void; stop(): void } {
  let sequence = 0n;
  let unheard = 0;
  const tick = () => {
    if (unheard >= MISSED_UNTIL_DEAD) return options.onSilence();
    unheard += 1;
    sequence += 1n;
    options.beat(sequence);
  };
  const timer = setInterval(tick, Math.min(60_000, Math.max(100, options.intervalMs)));
  tick();
  return { heard: () => (unheard = 0), stop: () => clearInterval(timer) };
}
