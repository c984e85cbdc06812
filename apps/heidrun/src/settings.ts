import { Fault, type FieldViolation } from '@edda/faults';
import { MAX_PRICE_CENTS } from '@edda/money';
import { peerAddress, peerTls, serviceSettings } from '@edda/service-kit';
import { defineSettings, type SettingsOf } from '@edda/settings';
import { createTokenCounter } from '@edda/tokens';
import { z } from 'zod';
import { paymentSettings } from './payments/payment-settings.ts';

/** What the dearest price for the smallest unit comes to: no bound beside those of arithmetic. */
const MAX_CENTS_PER_MILLION = Number(MAX_PRICE_CENTS) * 1_000_000;

const priceBound = (value: number, description: string, example: number) =>
  z.int().min(0).max(MAX_CENTS_PER_MILLION).default(value).meta({ description, reload: 'live', example });

/** Heidrun's settings. */
export const settingsSchema = defineSettings({
  service: 'heidrun',
  shape: z.object({
    ...serviceSettings({ grpc: 50_052, operations: 9_052 }),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code')
      .default('EUR')
      .meta({ description: 'The one currency of the deployment, ISO 4217.', reload: 'restart', example: 'USD' }),
    commission: z
      .object({
        rateBps: z.int().min(1_000).max(1_500).default(1_500).meta({
          description: 'The company’s part of a request’s cost in basis points; pinned when money is held.',
          reload: 'live',
          example: 1_200,
        }),
      })
      .prefault({}),
    pricing: z
      .object({
        cacheTtlMs: z.int().min(0).max(60_000).default(1_000).meta({
          description: 'How long a price is served from memory: how late another replica’s change is seen.',
          reload: 'live',
          example: 500,
        }),
        minCentsPerMillion: priceBound(0, 'Least a new price may be, cents per 1,000,000 tokens.', 10),
        maxCentsPerMillion: priceBound(MAX_CENTS_PER_MILLION, 'Most a new price may be, likewise.', 100_000),
      })
      .prefault({}),
    holds: z
      .object({
        ttlSeconds: z
          .int()
          .min(1)
          .max(86_400)
          .default(900)
          .meta({ description: 'Life of a hold, and the most a caller may ask for.', reload: 'live', example: 1_800 }),
        requestDeadlineSeconds: z.int().min(1).max(86_400).default(600).meta({
          description: 'Longest a compute request may run, as Njörðr is configured.',
          reload: 'live',
          example: 300,
        }),
        recoveryMarginSeconds: z.int().min(0).max(86_400).default(120).meta({
          description: 'Time recovery needs to capture after a request’s deadline, before its hold expires.',
          reload: 'live',
          example: 60,
        }),
        sweepIntervalMs: z
          .int()
          .min(50)
          .max(60_000)
          .default(2_000)
          .meta({ description: 'How often expired holds are released.', reload: 'live', example: 5_000 }),
      })
      .prefault({}),
    tokens: z
      .object({
        table: z
          .record(z.string(), z.string())
          .default({})
          .meta({
            description: 'More models, or other encodings for known ones: name or `prefix*` to encoding.',
            reload: 'live',
            example: { 'my-model*': 'o200k_base' },
          }),
        calibration: z
          .record(z.string(), z.int().min(1).max(10_000))
          .default({})
          .meta({
            description: 'For models without an encoding: their tokens per 1,000 of o200k_base.',
            reload: 'live',
            example: { 'gemma-3*': 1_080 },
          }),
        anthropic: z
          .object({
            url: z.url().max(500).default('https://api.anthropic.com').meta({
              description: 'Anthropic’s API, which counts Claude’s tokens where ANTHROPIC_API_KEY is set.',
              reload: 'live',
              example: 'https://anthropic.example.org',
            }),
            timeoutMs: z.int().min(10).max(10_000).default(1_500).meta({
              description: 'Longest that API may take for a count, its repetition included, ms; then it is estimated.',
              reload: 'live',
              example: 500,
            }),
          })
          .prefault({}),
        rollIntervalMs: z.int().min(50).max(3_600_000).default(2_000).meta({
          description: 'How often usage records are folded into hourly rollups; answers are the same before and after.',
          reload: 'live',
          example: 10_000,
        }),
      })
      .prefault({}),
    payments: paymentSettings,
    ledger: z
      .object({
        verifyIntervalSeconds: z.int().min(1).max(604_800).default(3_600).meta({
          description: 'How often the ledger is verified by itself, in one replica; it reads every row.',
          reload: 'live',
          example: 86_400,
        }),
      })
      .prefault({}),
    outbox: z
      .object({
        relay: z
          .boolean()
          .default(true)
          .meta({ description: 'Sends events to Nornen’s history.', reload: 'restart', example: false }),
        maxPending: z.int().min(1).max(10_000_000).default(100_000).meta({
          description:
            'Undelivered events from which on new holds, prices, payment methods, top-ups and payouts are refused.',
          reload: 'restart',
          example: 500_000,
        }),
      })
      .prefault({}),
    peers: z.object({ nornen: peerAddress('Nornen', 50_054), tls: peerTls() }).prefault({}),
  }),
  crossCheck({ holds, payments, pricing, tokens }) {
    const violations: FieldViolation[] = complaintsAbout(tokens);
    const least = holds.requestDeadlineSeconds + holds.recoveryMarginSeconds;
    if (holds.ttlSeconds < least) {
      violations.push({
        field: 'holds.ttlSeconds',
        description: `must be at least holds.requestDeadlineSeconds + holds.recoveryMarginSeconds = ${least}`,
      });
    }
    if (pricing.minCentsPerMillion > pricing.maxCentsPerMillion) {
      violations.push({
        field: 'pricing.minCentsPerMillion',
        description: 'must not exceed pricing.maxCentsPerMillion',
      });
    }
    if (payments.minTopUpCents > payments.maxTopUpCents) {
      violations.push({ field: 'payments.minTopUpCents', description: 'must not exceed payments.maxTopUpCents' });
    }
    return violations;
  },
});

/** Heidrun's settings in force. */
export type HeidrunSettings = SettingsOf<typeof settingsSchema>;

/** A model's encoding that does not exist must be refused with the setting, not when it is first counted with. */
function complaintsAbout({ table }: { table: Readonly<Record<string, string>> }): FieldViolation[] {
  try {
    createTokenCounter({ table });
    return [];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [{ field: 'tokens.table', description: error.message }];
  }
}
