import { type Clock } from '@edda/telemetry';
import { type Pool } from 'pg';

/** What the RPCs over usage records stand on. */
export interface UsageDeps {
  pool: Pool;
  clock: Clock;
  newId: () => string;
  /** Tells the outbox relay that something was written. */
  notify: () => void;
}
