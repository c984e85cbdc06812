import { type LineState } from '../providers/create-provider-directory.ts';

/** A provider's line as the replica that has it tells of it. */
export interface KnownLine extends LineState {
  /** Where two replicas name the same provider, the higher one counts. */
  epoch: bigint;
}

export interface LineBoardOptions {
  /** The directory: what routing sees of a provider's line, wherever it is. */
  setLine: (providerId: string, line: LineState) => void;
  /** Another replica has a newer line of a provider that has one here. */
  onReplaced: (providerId: string, epoch: bigint) => void;
}

/** All providers' lines, here and at other replicas; the newest of each provider counts. */
export interface LineBoard {
  /** What changed about a line of this replica; what is not named stays. */
  setOwn(providerId: string, line: Partial<KnownLine>): void;
  own(providerId: string): KnownLine | undefined;
  /** Providers that are, or were, connected here: a line that fell silent may come back. */
  ownProviders(): Iterable<string>;
  /** @returns stops it */
  onOwnChange(listener: (providerId: string) => void): () => void;
  /** @param line undefined: that replica no longer has it */
  setElsewhere(replicaId: string, providerId: string, line: KnownLine | undefined): void;
  /** That replica is out of reach, and with it everything connected to it. */
  forget(replicaId: string): void;
  /** The replica that has the line, where that is another one. */
  elsewhere(providerId: string): string | undefined;
}

const gone: KnownLine = { connected: false, epoch: 0n };

export function createLineBoard({ setLine, onReplaced }: LineBoardOptions): LineBoard {
  const own = new Map<string, KnownLine>();
  /** Provider → replica → line. */
  const others = new Map<string, Map<string, KnownLine>>();
  const listeners = new Set<(providerId: string) => void>();

  const newestElsewhere = (providerId: string): [string, KnownLine] | undefined => {
    let newest: [string, KnownLine] | undefined;
    for (const found of others.get(providerId) ?? []) {
      if (newest === undefined || found[1].epoch > newest[1].epoch) newest = found;
    }
    return newest;
  };
  /** The line that counts, and the other replica that has it. */
  const current = (providerId: string): { line: KnownLine | undefined; replicaId?: string } => {
    const here = own.get(providerId);
    const there = newestElsewhere(providerId);
    if (there === undefined || (here?.connected === true && here.epoch >= there[1].epoch)) return { line: here };
    return { line: there[1], replicaId: there[0] };
  };
  const show = (providerId: string): void => {
    const {
      connected,
      draining = false,
      served,
      capacity,
      jobsElsewhere = 0,
      limitedUntil = 0,
    } = current(providerId).line ?? gone;
    setLine(providerId, { connected, draining, served, capacity, jobsElsewhere, limitedUntil });
  };

  return {
    setOwn(providerId, change) {
      own.set(providerId, { ...(own.get(providerId) ?? gone), ...change });
      show(providerId);
      for (const listener of [...listeners]) listener(providerId);
    },
    own: (providerId) => own.get(providerId),
    ownProviders: () => own.keys(),
    onOwnChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    setElsewhere(replicaId, providerId, line) {
      const known = others.get(providerId) ?? new Map<string, KnownLine>();
      if (line === undefined) known.delete(replicaId);
      else known.set(replicaId, line);
      if (known.size === 0) others.delete(providerId);
      else others.set(providerId, known);
      const here = own.get(providerId);
      if (line !== undefined && here?.connected === true && here.epoch < line.epoch) onReplaced(providerId, line.epoch);
      show(providerId);
    },
    forget(replicaId) {
      for (const [providerId, known] of others) {
        if (known.delete(replicaId)) {
          if (known.size === 0) others.delete(providerId);
          show(providerId);
        }
      }
    },
    elsewhere: (providerId) => current(providerId).replicaId,
  };
}
