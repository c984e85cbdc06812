import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger } from '@edda/telemetry';
import { type AuditMetrics } from '../audit-metrics.ts';
import { type AnchorStore } from './anchor.ts';
import { type AnchorDeps, anchorOnce } from './anchor-once.ts';

export interface AnchorerOptions extends AnchorDeps {
  stores: readonly AnchorStore[];
  intervalMs: () => number;
  logger: Pick<Logger, 'warn' | 'error'>;
  metrics: Pick<AuditMetrics, 'anchored' | 'anchorFailed' | 'anchorMatches'>;
}

/** Anchors the chain's head at intervals. A failure is a metric and a log line; it never stops any work. */
export function createAnchorer(options: AnchorerOptions): { start(): void; stop(): Promise<void> } {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      for (const store of options.stores) await round(options, store, stopping.signal);
      await sleep(options.intervalMs(), undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  return {
    start() {
      if (options.stores.length > 0) running ??= loop();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function round(options: AnchorerOptions, store: AnchorStore, signal: AbortSignal): Promise<void> {
  const { logger, metrics } = options;
  try {
    const result = await anchorOnce(options, store, signal);
    metrics.anchorMatches(result.outcome !== 'mismatch');
    if (result.outcome === 'mismatch') {
      logger.error({ store: store.name, description: result.description }, 'the audit chain is not the anchored one');
    } else metrics.anchored(result.sequence);
  } catch (error) {
    if (signal.aborted) return;
    metrics.anchorFailed();
    logger.warn({ err: error, store: store.name }, 'the audit chain could not be anchored; it will be tried again');
  }
}
