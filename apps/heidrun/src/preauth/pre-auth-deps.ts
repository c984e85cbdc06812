import { type Clock, type Logger } from '@edda/telemetry';
import { type AsyncTokenCounter } from '@edda/tokens';
import { type Pool } from 'pg';
import { type SpendingWatch } from '../payments/spending/spending-watch.ts';
import { type HoldCache } from './hold-cache.ts';
import { type PreAuthBatches } from './pre-auth-batches.ts';
import { type PreAuthMetrics } from './pre-auth-metrics.ts';

/** What the pre-authorization RPCs and the sweep stand on. */
export interface PreAuthDeps {
  pool: Pool;
  counter: AsyncTokenCounter;
  clock: Clock;
  /** Where concurrent calls become one transaction. */
  batches: PreAuthBatches;
  /** Holds that need not be read again. */
  known: HoldCache;
  /** Life of a hold, seconds: the default and the most a caller may ask for. */
  holdTtlSeconds: () => number;
  /** Told whose money was captured: budgets, netting and automatic top-ups follow, outside of the hot path. */
  spent: SpendingWatch;
  /** Rings the outbox relay after a commit. */
  notify: () => void;
  /** The module `preauth`: one line per hold, capture, release. */
  logger: Logger;
  metrics: PreAuthMetrics;
}
