import { type Clock, type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type PaymentMetrics } from './payment-metrics.ts';
import { type PaymentProvider } from './provider/payment-provider.ts';
import { type SpendingWatch } from './spending/spending-watch.ts';
import { type TokenSeal } from './token-seal.ts';

/** The settings group `payments`. */
export interface PaymentSettings {
  readonly minTopUpCents: number;
  readonly maxTopUpCents: number;
  readonly verificationAttempts: number;
  readonly sweepIntervalMs: number;
  readonly retryAfterSeconds: number;
  readonly topUpExpirySeconds: number;
  readonly autoTopUpFailures: number;
  readonly creditChargePercent: number;
  readonly minPayoutCents: number;
  readonly holdBackDays: number;
  readonly webhookRetentionDays: number;
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
  metrics: PaymentMetrics;
  /** The module `payments`. */
  logger: Logger;
  /** Told of everybody whose balance or settings changed so that limits, budgets or netting may ask for something. */
  spent: SpendingWatch;
  /**
   * Refuses what a user begins and can begin later: methods, top-ups, payouts. Never asked where something begun is
   * finished, or a risk is bounded (notifications, sweeps, limits, freezes, removals). @throws OUTBOX_FULL
   */
  assertCapacity: () => void;
  /** Rings the outbox relay after a commit. */
  notify: () => void;
}
