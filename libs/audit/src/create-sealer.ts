import { setTimeout as sleep } from 'node:timers/promises';
import { createWakeUp } from '@edda/pg-kit';
import { type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type AuditMetrics } from './audit-metrics.ts';
import { type AuditSettings } from './audit-settings.ts';
import { sealBatch, type Sealed } from './seal-batch.ts';

export interface SealerOptions {
  pool: Pool;
  settings: () => AuditSettings['seal'];
  logger: Pick<Logger, 'warn' | 'error'>;
  metrics: Pick<AuditMetrics, 'sealed' | 'sealFailed' | 'broken'>;
}

export interface Sealer {
  start(): void;
  stop(): Promise<void>;
  /** Call after a commit that appended: its records are sealed soon instead of at the next interval. */
  notify(): void;
  /** Seals what waits now, at most `SEAL_NOW_BATCHES` batches, for readers who want to see it; never rejects. */
  sealNow(): Promise<void>;
}

const SEAL_NOW_BATCHES = 20;
/** After `notify`, how long records gather: under load one transaction then seals those of many requests. */
const GATHER_MS = 250;
const LONGEST_BACKOFF_MS = 10_000;

/** Seals the intake in the background, outside of every request. */
export function createSealer(options: SealerOptions): Sealer {
  const { pool, settings, logger, metrics } = options;
  const bell = createWakeUp();
  let stopping = new AbortController();
  let running: Promise<void> | undefined;

  const batch = async (wait: boolean): Promise<Sealed & { full: boolean }> => {
    const { batchSize } = settings();
    const onBroken = (description: string): void => {
      metrics.broken();
      logger.error({ description }, 'the end of the audit chain was changed; verify it');
    };
    const sealed = await sealBatch(pool, { batchSize, wait, onBroken });
    if (sealed.count > 0) metrics.sealed(sealed.count);
    return { ...sealed, full: sealed.count === batchSize };
  };

  const loop = async (signal: AbortSignal): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      try {
        const { full } = await batch(false);
        failures = 0;
        if (!full && (await bell.wait(settings().intervalMs, signal))) await pause(GATHER_MS, signal);
      } catch (error) {
        metrics.sealFailed();
        failures += 1;
        logger.warn({ err: error, failures }, 'audit records could not be sealed; they will be');
        await pause(Math.min(LONGEST_BACKOFF_MS, 100 * 2 ** failures), signal);
      }
    }
  };

  return {
    start() {
      if (running !== undefined) return;
      stopping = new AbortController();
      running = loop(stopping.signal);
    },
    async stop() {
      stopping.abort();
      await running;
      running = undefined;
    },
    notify: () => bell.ring(),
    async sealNow() {
      try {
        for (let done = 0; done < SEAL_NOW_BATCHES && (await batch(true)).full; done++);
      } catch (error) {
        // Readers then see what is sealed already.
        metrics.sealFailed();
        logger.warn({ err: error }, 'audit records could not be sealed for a reader');
      }
    },
  };
}

/** Sleeps; an abort ends it early and quietly. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => undefined);
}
