import { z } from 'zod';

/** The settings group `payments`. */
export const paymentSettings = z
  .object({
    minTopUpCents: z
      .int()
      .min(1)
      .max(1_000_000_000_000)
      .default(100)
      .meta({ description: 'Least a top-up may be, cents.', reload: 'live', example: 500 }),
    maxTopUpCents: z
      .int()
      .min(1)
      .max(1_000_000_000_000)
      .default(1_000_000)
      .meta({ description: 'Most a top-up may be, cents.', reload: 'live', example: 100_000 }),
    verificationAttempts: z.int().min(1).max(20).default(3).meta({
      description: 'Wrong verification codes after which a payment method is locked for good.',
      reload: 'live',
      example: 5,
    }),
    sweepIntervalMs: z.int().min(50).max(600_000).default(5_000).meta({
      description: 'How often top-ups that were left open, by a crash for instance, are taken up again.',
      reload: 'live',
      example: 10_000,
    }),
    retryAfterSeconds: z.int().min(1).max(3_600).default(30).meta({
      description: 'How old an open top-up is before it is taken up again; doubles with every attempt, up to 1 h.',
      reload: 'live',
      example: 60,
    }),
    provider: z.enum(['sandbox', 'stripe']).default('sandbox').meta({
      description: 'Who moves real money: `sandbox` moves none; `stripe` needs the secrets STRIPE_….',
      reload: 'restart',
      example: 'stripe',
    }),
    returnUrl: z.url().max(500).default('https://localhost/payments/return').meta({
      description: 'Where the payment provider sends payers back to after they confirmed a charge.',
      reload: 'restart',
      example: 'https://market.example.org/wallet',
    }),
    stripeUrl: z.url().max(500).default('https://api.stripe.com').meta({
      description: 'Stripe’s API; another address only for tests.',
      reload: 'restart',
      example: 'http://127.0.0.1:12111',
    }),
    stripeTimeoutMs: z.int().min(100).max(80_000).default(15_000).meta({
      description: 'How long one call of Stripe may take; it is repeated twice.',
      reload: 'restart',
      example: 5_000,
    }),
    topUpExpirySeconds: z.int().min(60).max(2_592_000).default(86_400).meta({
      description: 'How long a top-up may wait for its payer to confirm it before it is given up.',
      reload: 'live',
      example: 3_600,
    }),
    autoTopUpFailures: z.int().min(1).max(100).default(3).meta({
      description: 'Automatic top-ups declined in a row after which they are turned off.',
      reload: 'live',
      example: 5,
    }),
    creditChargePercent: z.int().min(1).max(100).default(80).meta({
      description: 'Share of a credit limit, percent, from which on what is owed is charged.',
      reload: 'live',
      example: 50,
    }),
    minPayoutCents: z
      .int()
      .min(1)
      .max(1_000_000_000_000)
      .default(100)
      .meta({ description: 'Least a payout may be, cents.', reload: 'live', example: 1_000 }),
    holdBackDays: z.int().min(0).max(90).default(7).meta({
      description: 'Full days after a capture before its earnings may be paid out or netted; 0 for at once.',
      reload: 'live',
      example: 14,
    }),
    webhookRetentionDays: z.int().min(30).max(3_650).default(90).meta({
      description: 'How long a payment provider’s notifications are remembered, so that each counts once, days.',
      reload: 'live',
      example: 365,
    }),
    watchIntervalMs: z.int().min(50).max(3_600_000).default(30_000).meta({
      description: 'How often all users’ budgets, netting and automatic charges are looked at, beside after captures.',
      reload: 'live',
      example: 60_000,
    }),
  })
  .prefault({});
