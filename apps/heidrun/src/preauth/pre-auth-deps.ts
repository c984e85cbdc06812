import { type Clock, type Logger } from '@edda/telemetry';
import { type TokenCounter } from '@edda/tokens';
import { type ClientBase, type Pool } from 'pg';
import { type UserKey } from '../ledger/account-names.ts';
import { type PreAuthMetrics } from './pre-auth-metrics.ts';

/** What the pre-authorization RPCs and the sweep stand on. */
export interface PreAuthDeps {
  pool: Pool;
  counter: TokenCounter;
  clock: Clock;
  /** A fresh unique id. */
  newId: () => string;
  /** Whether a user has a verified method for this use. */
  isReady: (client: ClientBase, user: UserKey, use: 'pay' | 'payout', now: Date) => Promise<boolean>;
  /** Life of a hold, seconds: the default and the most a caller may ask for. */
  holdTtlSeconds: () => number;
  /** Commission that new holds pin, basis points. */
  rateBps: () => number;
  /** @throws OUTBOX_FULL while too many events wait, so that intake slows instead of dropping any */
  assertCapacity: () => void;
  /** Rings the outbox relay after a commit. */
  notify: () => void;
  /** The module `preauth`: one line per hold, capture, release. */
  logger: Logger;
  metrics: PreAuthMetrics;
}
