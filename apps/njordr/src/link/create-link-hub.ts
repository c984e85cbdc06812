import { type Clock, type Logger, type Metrics } from '@edda/telemetry';
import { type LinkHub, type LinkStatus } from './link-hub.ts';
import { failedJob, failedProbe, type ProviderLine } from './provider-line.ts';
import { type LinkSettings } from './link-settings.ts';
import { createUnreadBytes, type UnreadBytes } from './unread-bytes.ts';

/** What the streams do to the hub; the rest of the service sees only LinkHub. */
export interface LinkHubControl extends LinkHub {
  /** The provider's line from now on. An older one is told CONNECTION_REPLACED and its jobs fail, unless it is leaving. */
  attach(line: ProviderLine): void;
  /** Takes the line down, unless a newer one has replaced it; its jobs fail as `fault`. */
  detach(line: ProviderLine, why: string): void;
  isCurrent(line: ProviderLine): boolean;
  /** Any message of the provider: it lives. */
  heard(line: ProviderLine): void;
  drain(line: ProviderLine): void;
  /** Higher than every earlier one; as far as clocks agree also than those of other replicas. */
  nextEpoch(): bigint;
  /** Another replica has a newer line of this provider, of `epoch`: an older one here ends as by `attach`. */
  replaced(providerId: string, epoch: bigint): void;
  /** When a provider with a line was last heard; undefined without one. */
  lastHeardAt(providerId: string): Date | undefined;
  jobsChanged(change: 1 | -1): void;
  readonly unread: UnreadBytes;
  /** Finds lines that missed three heartbeats; runs by itself between start and close. */
  sweep(): void;
  start(): void;
  close(): void;
}

export interface LinkHubOptions {
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  settings: () => LinkSettings;
}

/** A hub holds no state beyond this process: after a restart every agent connects anew. */
export function createLinkHub(options: LinkHubOptions): LinkHubControl {
  const { clock, settings } = options;
  const logger = options.logger.module('link');
  const lines = new Map<string, ProviderLine>();
  const listeners = new Set<(status: LinkStatus) => void>();
  const counts = { jobs: 0, epoch: 0n };
  const now = () => clock.now().getTime();
  let timer: NodeJS.Timeout | undefined;
  const unread = createUnreadBytes(() => settings().maxUnreadBytes);
  countLines(options.metrics, lines, () => counts.jobs);
  countUnread(options.metrics, unread);

  const tell = (line: ProviderLine, connected: boolean) => {
    const { providerId, epoch, draining } = line;
    const status = { providerId, epoch, connected, draining };
    for (const listener of [...listeners]) {
      try {
        listener(status);
      } catch (error) {
        logger.error({ err: error, provider_id: line.providerId }, 'a listener of the link failed');
      }
    }
  };
  const reject = (line: ProviderLine, reason: string, message: string, retryAfterMs: number) =>
    line.send({ $case: 'rejected', value: { reason, message, retryAfterMs } });
  const replace = (older: ProviderLine, newer: ProviderLine | undefined) => {
    // An agent that was asked to move finishes its jobs on the old stream.
    if (older.leaving) return;
    older.failAll('another connection of the provider took over');
    const message = 'A newer connection of this provider took over.';
    if (older.stream !== newer?.stream) reject(older, 'CONNECTION_REPLACED', message, 0);
  };
  const detach = (line: ProviderLine, why: string) => {
    const current = lines.get(line.providerId) === line;
    if (current) lines.delete(line.providerId);
    line.failAll(why);
    if (!current) return;
    logger.info({ provider_id: line.providerId, why }, 'provider disconnected');
    tell(line, false);
  };
  const usable = (providerId: string) => {
    const line = lines.get(providerId);
    return line === undefined || line.silent ? undefined : line;
  };

  return {
    isConnected: (providerId) => usable(providerId) !== undefined,
    isCurrent: (line) => lines.get(line.providerId) === line,
    dispatch(job, providerId) {
      const line = usable(providerId);
      if (line !== undefined && !line.draining) return line.dispatch(job);
      const message = line === undefined ? 'the provider is not connected' : 'the provider takes no new jobs';
      return failedJob({ type: 'failed', errorClass: 'no-capacity', message });
    },
    async probe(providerId, probe, timeoutMs) {
      const line = usable(providerId);
      return line === undefined ? failedProbe('the device is not connected', 0) : line.probe(probe, timeoutMs);
    },
    onStatus(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    disconnect(providerId, reason, message) {
      const line = lines.get(providerId);
      if (line === undefined) return;
      reject(line, reason, message, 0);
      detach(line, message);
    },
    get jobsInFlight() {
      return counts.jobs;
    },
    attach(line) {
      const older = lines.get(line.providerId);
      lines.set(line.providerId, line);
      if (older !== undefined) replace(older, line);
      logger.info({ provider_id: line.providerId, epoch: String(line.epoch) }, 'provider connected');
      tell(line, true);
    },
    detach,
    heard(line) {
      line.lastHeardAt = now();
      if (!line.silent) return;
      line.silent = false;
      if (lines.get(line.providerId) === line) tell(line, true);
    },
    drain(line) {
      if (line.draining) return;
      line.draining = true;
      if (lines.get(line.providerId) === line) tell(line, !line.silent);
    },
    nextEpoch() {
      const next = counts.epoch + 1n;
      const time = BigInt(now());
      return (counts.epoch = next > time ? next : time);
    },
    replaced(providerId, epoch) {
      const line = lines.get(providerId);
      if (line === undefined || line.epoch >= epoch) return;
      lines.delete(providerId);
      replace(line, undefined);
      logger.info({ provider_id: providerId, why: 'connected to another replica' }, 'provider disconnected');
      tell(line, false);
    },
    lastHeardAt(providerId) {
      const line = lines.get(providerId);
      return line === undefined ? undefined : new Date(line.lastHeardAt);
    },
    unread,
    jobsChanged: (change) => (counts.jobs += change),
    sweep() {
      const limit = now() - 3 * settings().heartbeatIntervalMs;
      for (const line of lines.values()) {
        if (line.silent || line.lastHeardAt > limit) continue;
        line.silent = true;
        line.failAll('the provider missed three heartbeats');
        logger.warn({ provider_id: line.providerId }, 'three heartbeats missed');
        tell(line, false);
      }
    },
    start() {
      const again = () => {
        timer = setTimeout(again, settings().heartbeatIntervalMs / 2).unref();
        this.sweep();
      };
      timer ??= setTimeout(again, settings().heartbeatIntervalMs / 2).unref();
    },
    close: () => clearTimeout(timer),
  };
}

function countLines(metrics: Metrics, lines: ReadonlyMap<string, ProviderLine>, jobs: () => number): void {
  metrics.gauge({
    name: 'edda_njordr_connected_providers',
    help: 'Providers with a live line.',
    collect: (gauge) => gauge.set([...lines.values()].filter((line) => !line.silent).length),
  });
  metrics.gauge({
    name: 'edda_njordr_jobs_in_flight',
    help: 'Jobs given to providers and not over.',
    collect: (gauge) => gauge.set(jobs()),
  });
}

function countUnread(metrics: Metrics, unread: UnreadBytes): void {
  metrics.gauge({
    name: 'edda_njordr_link_unread_bytes',
    help: 'Bytes of answers that came from providers and were not taken by their requesters yet.',
    collect: (gauge) => gauge.set(unread.total),
  });
}
