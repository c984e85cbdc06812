import { type Logger, type Clock } from '@edda/telemetry';
import { type AsyncTokenCounter } from '@edda/tokens';
import { type Pool } from 'pg';
import { type PriceCache } from './price-cache.ts';

/** What the pricing RPCs stand on. */
export interface PricingDeps {
  pool: Pool;
  prices: PriceCache;
  counter: AsyncTokenCounter;
  clock: Clock;
  /** A fresh unique id. */
  newId: () => string;
  /** The module `pricing`: one line per calculation. */
  logger: Logger;
  onCalculation: () => void;
  /** What new prices must lie between, cents per 1,000,000 tokens; those stored before stay. */
  bounds: () => { readonly minCentsPerMillion: number; readonly maxCentsPerMillion: number };
  /** Refuses a new price while the outbox is full. @throws OUTBOX_FULL */
  assertCapacity: () => void;
  /** Rings the outbox relay after a commit. */
  notify: () => void;
}
