/** Where the market is stopped: the proxies say what is about to pass, and somebody may want it to wait there. */
export interface Gate {
  /** Called by a proxy; resolves when the message may pass, for almost all of them at once. */
  reach(step: string): Promise<void>;
  /** The next message at this step waits until it is released; later ones pass. */
  arm(step: string): Stop;
  /** Every step that was reached so far. */
  readonly seen: ReadonlySet<string>;
}

export interface Stop {
  /** Resolves when something waits there. */
  readonly reached: Promise<void>;
  /** Lets it pass, or nothing wait there any more. */
  release(): void;
}

export function createGate(): Gate {
  const armed = new Map<string, { reached: () => void; released: Promise<void> }>();
  const seen = new Set<string>();
  return {
    seen,
    async reach(step) {
      seen.add(step);
      const stop = armed.get(step);
      if (stop === undefined) return;
      armed.delete(step);
      stop.reached();
      await stop.released;
    },
    arm(step) {
      const reached = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      armed.set(step, { reached: reached.resolve, released: released.promise });
      return {
        reached: reached.promise,
        release() {
          armed.delete(step);
          released.resolve();
        },
      };
    },
  };
}
