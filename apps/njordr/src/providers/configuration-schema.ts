import { MAX_PRICE_CENTS } from '@edda/money';
import { njordr } from '@edda/contracts';
import { z } from 'zod';
import { text } from '../text-field.ts';

const count = (min: bigint, max: bigint) => z.bigint().min(min).max(max);
const small = (min: number, max: number) => z.int().min(min).max(max);

const price = z.object({
  priceCents: count(0n, MAX_PRICE_CENTS),
  outputPriceCents: count(0n, MAX_PRICE_CENTS).optional(),
  priceUnitTokens: count(0n, 10n ** 9n),
});

const modelOffer = z
  .object({
    model: text(1, 200),
    contextLength: count(1n, 10n ** 9n),
    maxOutputTokens: count(0n, 10n ** 9n),
    continues: z.boolean(),
    price: price.optional(),
    quantization: text(0, 64),
  })
  // The market sets these; what a request says about them is ignored.
  .transform((offer) => ({ ...offer, continuationVerified: false, priceVersion: 0n }));

const timeZone = text(0, 100).refine((name) => {
  try {
    return name === '' || Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}, 'must be an IANA time zone');

const availabilityWindow = z
  .object({ weekday: small(1, 7), startMinute: small(0, 1_439), endMinute: small(1, 1_440) })
  .refine((window) => window.endMinute > window.startMinute, {
    error: 'must end after it starts',
    path: ['endMinute'],
  });

const hardware = z.object({
  gpus: z.array(z.object({ name: text(1, 200), memoryBytes: count(0n, 2n ** 62n) })).max(64),
  memoryBytes: count(0n, 2n ** 62n),
  cpu: text(0, 200),
  cpuCores: small(0, 100_000),
  os: text(0, 100),
  runtime: text(0, 100),
});

export const sharingSchema = z.object({
  scope: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
  trustedNetworkIds: z.array(text(1, 128)).max(1_000),
});

/** The fields of ProviderConfiguration, each as the contract bounds it. */
export const configurationFields = {
  displayName: text(1, 100),
  models: z.array(modelOffer).min(1).max(200),
  price: price.optional(),
  capacity: z.object({
    maxParallelRequests: small(1, 10_000),
    maxRequestsPerMinute: small(0, 2_147_483_647),
    maxTokensPerDay: count(0n, 10n ** 12n),
  }),
  hardware: hardware.optional(),
  availability: z.object({ accepting: z.boolean(), windows: z.array(availabilityWindow).max(50), timeZone }).optional(),
  sharing: sharingSchema.optional(),
  quality: z
    .object({
      targetTtftMs: small(0, 600_000),
      maxJobDurationMs: small(0, 2_147_483_647),
      maxInputTokens: count(0n, 10n ** 12n),
      periodicProbes: z.boolean(),
    })
    .optional(),
};

/** A whole configuration: names unique, every model priced. Absent availability means it takes work. */
export const configurationSchema = z
  .object(configurationFields)
  .superRefine((configuration, issues) => {
    const names = new Set<string>();
    configuration.models.forEach(({ model, price: own }, index) => {
      if (names.has(model))
        issues.addIssue({ code: 'custom', path: ['models', index, 'model'], message: 'is named twice' });
      names.add(model);
      if (own === undefined && configuration.price === undefined) {
        issues.addIssue({
          code: 'custom',
          path: ['models', index, 'price'],
          message: 'is required: the provider has no price either',
        });
      }
    });
  })
  .transform((configuration): njordr.ProviderConfiguration =>
    njordr.ProviderConfiguration.fromPartial({
      ...configuration,
      availability: configuration.availability ?? { accepting: true, windows: [], timeZone: '' },
    }),
  );
