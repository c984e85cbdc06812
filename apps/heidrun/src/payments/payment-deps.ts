import { type Clock, type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type PaymentProvider } from './provider/payment-provider.ts';
import { type TokenSeal } from './token-seal.ts';

/** The settings group `payments`. */
export interface PaymentSettings {
  readonly minTopUpCents: number;
  readonly maxTopUpCents: number;
  readonly verificationAttempts: number;
  readonly sweepIntervalMs: number;
  readonly retryAfterSeconds: number;
}

/** What the payment RPCs stand on. */
export interface PaymentDeps {
  pool: Pool;
  provider: PaymentProvider;
  seal: TokenSeal;
  clock: Clock;
  /** A fresh unique id. */
  newId: () => string;
  /** ISO 4217. */
  currency: string;
  settings: () => PaymentSettings;
  /** The module `payments`. */
  logger: Logger;
  /** Rings the outbox relay after a commit. */
  notify: () => void;
}
