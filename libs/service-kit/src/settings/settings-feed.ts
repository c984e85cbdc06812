import { type Settings } from '@edda/settings';
import { type Clock, type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceSettings } from '../service-settings.ts';
import { newestOverrides, newestVersion } from './override-store.ts';

export interface SettingsFeedOptions {
  pool: Pool;
  settings: Settings<ServiceSettings>;
  clock: Clock;
  logger: Pick<Logger, 'warn'>;
}

/** The settings of this replica, kept at the newest version that is stored. */
export interface SettingsFeed {
  /** Version of the overrides in force. */
  version(): bigint;
  /** When the values in force were applied. */
  appliedAt(): Date;
  /** Looks for a newer version now. @param again also when there is none @throws when the database does not answer */
  refresh(again?: boolean): Promise<void>;
  /** Counts what may have changed anything. */
  revision(): number;
  /** Resolves when the revision is another one, or the signal aborts. */
  changed(since: number, signal: AbortSignal): Promise<void>;
  start(): void;
  close(): Promise<void>;
}

/** A version that contradicts what runs until a restart is reported once; the one before stays in force. */
export function createSettingsFeed({ pool, settings, clock, logger }: SettingsFeedOptions): SettingsFeed {
  const stopping = new AbortController();
  const waiting = new Set<() => void>();
  const state = { seen: -1n, version: 0n, appliedAt: clock.now(), revision: 0, looking: false };
  let turn: Promise<void> = Promise.resolve();
  let polling: Promise<void> = Promise.resolve();

  const moved = () => {
    state.revision += 1;
    for (const wake of [...waiting]) wake();
  };
  const stopListening = settings.onAttempt(({ changed }) => {
    if (changed.length > 0) state.appliedAt = clock.now();
    // A new version is told together with its values, not before.
    if (!state.looking) moved();
  });
  const look = async (again: boolean): Promise<void> => {
    if (!again && (await newestVersion(pool)) === state.seen) return;
    const stored = await newestOverrides(pool);
    state.seen = stored.version;
    state.looking = true;
    const { applied } = await settings.setOverrides(stored.overrides);
    state.looking = false;
    if (applied) state.version = stored.version;
    moved();
  };
  const refresh = (again = false): Promise<void> => (turn = turn.catch(() => undefined).then(() => look(again)));
  const poll = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const { pollIntervalMs } = settings.current().settings;
      await sleep(pollIntervalMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await refresh().catch((error: unknown) => logger.warn({ err: error }, 'changed settings could not be looked up'));
    }
  };
  return {
    version: () => state.version,
    appliedAt: () => state.appliedAt,
    refresh,
    revision: () => state.revision,
    changed: (since, signal) =>
      new Promise((resolve) => {
        const done = () => {
          waiting.delete(done);
          for (const end of [signal, stopping.signal]) end.removeEventListener('abort', done);
          resolve();
        };
        waiting.add(done);
        for (const end of [signal, stopping.signal]) end.addEventListener('abort', done);
        if (state.revision !== since || signal.aborted || stopping.signal.aborted) done();
      }),
    start: () => void (polling = poll()),
    async close() {
      stopping.abort();
      stopListening();
      await polling;
      await turn.catch(() => undefined);
    },
  };
}
