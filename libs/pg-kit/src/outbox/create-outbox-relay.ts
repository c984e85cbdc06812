import { setTimeout as sleep } from 'node:timers/promises';
import { type KitLogger } from '../kit-logger.ts';
import { createWakeUp, type WakeUp } from '../wake-up.ts';
import { deliverOnce, type DeliverOptions } from './deliver-once.ts';
import { countPending, outboxFull } from './outbox-capacity.ts';
import { OUTBOX_PARTITIONS } from './outbox-table-sql.ts';
import { sweepPublished } from './sweep-published.ts';

/** What a relay reports, for metrics. */
export interface OutboxMetrics {
  delivered?(events: number): void;
  failed?(): void;
  pending?(events: number): void;
}

export interface OutboxRelayOptions extends Pick<DeliverOptions, 'pool' | 'deliver'> {
  /** Workers, each relaying its share of the stored partitions over a connection of its own; 4 by default, ≤ 64. */
  hashPartitions?: number;
  /** Most events per delivery; 500 by default. */
  batchSize?: number;
  /** `assertCapacity` refuses from here on; 100,000 by default. */
  maxPending?: number;
  /** How soon events are found without `notify`; 1,000 ms by default. */
  pollIntervalMs?: number;
  /** After `notify`, how long events gather before they are delivered together; 50 ms by default, 0 for at once. */
  gatherMs?: number;
  /** A delivery is given up and repeated after this long; 10,000 by default. */
  deliverTimeoutMs?: number;
  /** Delivered events are kept this long; 24 h by default. */
  retentionMs?: number;
  /** First and longest wait after a failed delivery; 100 and 10,000 ms by default, doubling, ±50 % jitter. */
  backoff?: { baseMs: number; capMs: number };
  logger: KitLogger;
  metrics?: OutboxMetrics;
  now?: () => Date;
  random?: () => number;
}

export interface OutboxRelay {
  start(): void;
  /** Resolves when all workers have ended; a delivery still under way after `graceMs` (2,000) is aborted and repeated. */
  stop(graceMs?: number): Promise<void>;
  /** Call after a commit that appended events: they are delivered within `gatherMs` instead of at the next poll. */
  notify(): void;
  /** Delivers until nothing is left, without `start`. @returns how many; rejects when a delivery does */
  drainOnce(): Promise<number>;
  /** Events waiting, counted now, up to `maxPending`. */
  pending(): Promise<number>;
  /** @throws OUTBOX_FULL when the last count of a running relay (≤ one poll interval old) reached `maxPending` */
  assertCapacity(): void;
}

const SWEEP_INTERVAL_MS = 60_000;

/** Relays the outbox: at least once, each subject's events in order, a failing receiver retried with backoff. */
export function createOutboxRelay(options: OutboxRelayOptions): OutboxRelay {
  const { pool, hashPartitions = 4, batchSize = 500, maxPending = 100_000, pollIntervalMs = 1_000 } = options;
  const deliverOptions = { ...options, batchSize, deliverTimeoutMs: options.deliverTimeoutMs ?? 10_000 };
  const shares = shareOut(hashPartitions);
  const wakeUps = shares.map(() => createWakeUp());
  let lastPending = 0;
  let stopping = new AbortController();
  let giveUp = new AbortController();
  let running: Promise<unknown> | undefined;

  const worker = (share: readonly number[], wakeUp: WakeUp): Promise<void> =>
    relayShare(options, stopping.signal, wakeUp, pollIntervalMs, async () => {
      const delivered = await deliverOnce(deliverOptions, share, giveUp.signal);
      if (delivered > 0) options.metrics?.delivered?.(delivered);
      return delivered === batchSize;
    });
  const count = async (): Promise<void> => {
    lastPending = await countPending(pool, maxPending);
    options.metrics?.pending?.(lastPending);
  };

  return {
    start() {
      if (running) return;
      stopping = new AbortController();
      giveUp = new AbortController();
      const { signal } = stopping;
      running = Promise.all([
        ...shares.map((share, index) => worker(share, wakeUps[index]!)),
        repeat(options.logger, signal, pollIntervalMs, count),
        repeat(options.logger, signal, SWEEP_INTERVAL_MS, () => sweep(options)),
      ]);
    },
    async stop(graceMs = 2_000) {
      stopping.abort();
      const timer = setTimeout(() => giveUp.abort(new Error('the relay is stopping')), graceMs);
      await running;
      clearTimeout(timer);
      running = undefined;
    },
    notify() {
      for (const wakeUp of wakeUps) wakeUp.ring();
    },
    async drainOnce() {
      const { signal } = new AbortController();
      let total = 0;
      for (const share of shares) {
        for (let delivered = -1; delivered !== 0; total += delivered) {
          delivered = await deliverOnce(deliverOptions, share, signal);
        }
      }
      if (total > 0) options.metrics?.delivered?.(total);
      return total;
    },
    pending: () => countPending(pool, maxPending),
    assertCapacity() {
      if (lastPending >= maxPending) throw outboxFull(maxPending);
    },
  };
}

/** Deals the stored partitions to the workers in turn. */
function shareOut(workers: number): number[][] {
  if (!Number.isInteger(workers) || workers < 1 || workers > OUTBOX_PARTITIONS) {
    throw new RangeError(`hashPartitions must be 1 to ${OUTBOX_PARTITIONS}`);
  }
  const all = Array.from({ length: OUTBOX_PARTITIONS }, (_, partition) => partition);
  return Array.from({ length: workers }, (_, worker) => all.filter((partition) => partition % workers === worker));
}

async function relayShare(
  options: OutboxRelayOptions,
  signal: AbortSignal,
  wakeUp: WakeUp,
  pollIntervalMs: number,
  deliverNext: () => Promise<boolean>,
): Promise<void> {
  const { logger, metrics, random = Math.random, backoff = { baseMs: 100, capMs: 10_000 }, gatherMs = 50 } = options;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const more = await deliverNext();
      failures = 0;
      // Under load every request rings; one delivery then carries the events of many.
      if (!more && (await wakeUp.wait(pollIntervalMs, signal)) && gatherMs > 0) await pause(gatherMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      metrics?.failed?.();
      const waitMs = Math.min(backoff.capMs, backoff.baseMs * 2 ** failures) * (0.5 + random());
      failures += 1;
      logger.warn({ err: error, failures, waitMs }, 'events could not be delivered; they will be retried');
      await pause(waitMs, signal);
    }
  }
}

async function repeat(
  logger: KitLogger,
  signal: AbortSignal,
  intervalMs: number,
  job: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await job().catch((error: unknown) =>
      logger.warn({ err: error }, 'outbox housekeeping failed; it will be retried'),
    );
    await pause(intervalMs, signal);
  }
}

async function sweep({ pool, retentionMs = 86_400_000, now = () => new Date() }: OutboxRelayOptions): Promise<void> {
  const limit = 10_000;
  while ((await sweepPublished(pool, new Date(now().getTime() - retentionMs), limit)) === limit);
}

/** Sleeps; an abort ends it early and quietly. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => undefined);
}
