import { setTimeout as sleep } from 'node:timers/promises';
import { compilePolicySet, type PolicySet } from '@edda/policy';
import { type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { newestSnapshot, newestVersion, type StoredSnapshot } from './policy-store.ts';

/** The policies in force: as stored, and compiled. */
export interface PoliciesInForce {
  snapshot: StoredSnapshot;
  set: PolicySet;
}

export interface PolicyBookOptions {
  pool: Pool;
  logger: Logger;
  /** Asked before each wait. */
  pollIntervalMs: () => number;
  onVersion?: (version: bigint) => void;
}

/** The newest policies, followed while the service runs. */
export interface PolicyBook {
  /** Undefined until a version that compiles was read. */
  current(): PoliciesInForce | undefined;
  /** Looks at once instead of at the next poll. */
  refresh(): Promise<void>;
  /** Resolves at the next change, after `timeoutMs`, or when the signal aborts. */
  nextChange(timeoutMs: number, signal: AbortSignal): Promise<void>;
  start(): void;
  close(): Promise<void>;
}

/** A version that does not compile keeps the one before in force, and is reported once. */
export function createPolicyBook({ pool, logger, pollIntervalMs, onVersion }: PolicyBookOptions): PolicyBook {
  const stopping = new AbortController();
  const waiting = new Set<() => void>();
  let inForce: PoliciesInForce | undefined;
  let seen = 0n;
  let polling: Promise<void> = Promise.resolve();

  const refresh = async (): Promise<void> => {
    if ((await newestVersion(pool)) === seen) return;
    const snapshot = await newestSnapshot(pool);
    // Refreshes may overtake each other; only the way forward counts.
    if (snapshot === undefined || snapshot.version <= seen) return;
    seen = snapshot.version;
    try {
      inForce = { snapshot, set: compilePolicySet({ ...snapshot, version: String(snapshot.version) }) };
    } catch (error) {
      logger.error({ err: error, policy_version: seen }, 'a stored version of the policies is invalid and not used');
      return;
    }
    logger.info({ policy_version: seen, policies: inForce.set.size, sha256: snapshot.sha256 }, 'policies in force');
    onVersion?.(seen);
    for (const wake of waiting) wake();
  };
  const poll = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await pause(pollIntervalMs(), stopping.signal);
      if (stopping.signal.aborted) return;
      await refresh().catch((error: unknown) => logger.warn({ err: error }, 'the policies could not be looked up'));
    }
  };

  return {
    current: () => inForce,
    refresh,
    async nextChange(timeoutMs, signal) {
      const ended = new AbortController();
      const wake = () => ended.abort();
      waiting.add(wake);
      await pause(timeoutMs, AbortSignal.any([signal, ended.signal, stopping.signal]));
      waiting.delete(wake);
    },
    start: () => void (polling = poll()),
    async close() {
      stopping.abort();
      await polling;
    },
  };
}

/** Sleeps; an abort ends it early and quietly. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => undefined);
}
