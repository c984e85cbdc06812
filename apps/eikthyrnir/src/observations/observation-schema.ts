import { eikthyrnir } from '@edda/contracts';
import { z } from 'zod';

const { UNSPECIFIED, ONLINE, OFFLINE } = eikthyrnir.ObservationOutcome;

/** PostgreSQL text cannot hold NUL. */
const text = (max: number) =>
  z
    .string()
    .max(max, `has at most ${max} characters`)
    .refine((value) => !value.includes('\0'), 'must not contain NUL');
const required = (max: number) => text(max).min(1, 'is required');
const count = (max: bigint) => z.bigint().min(0n, 'must not be negative').max(max, `must be at most ${max}`);
const share = z.number('must be 0 to 1').min(0, 'must be 0 to 1').max(1, 'must be 0 to 1');

/** Fields that several requests share, as the contract bounds them. */
export const fields = {
  providerId: required(64),
  optionalProviderId: text(64),
  optionalModel: text(200),
  optionalRequestId: text(128),
  idempotencyKey: required(128),
  outcome: z
    .enum(eikthyrnir.ObservationOutcome, 'is not an outcome')
    .refine((outcome) => outcome !== UNSPECIFIED, 'is required'),
} as const;

const checksSchema = z.object({
  repetitionRatio: share.optional(),
  knownAnswerScore: share.optional(),
});

const observationSchema = z
  .object({
    observationId: required(64),
    providerId: fields.providerId,
    model: fields.optionalModel,
    requestId: fields.optionalRequestId,
    occurredAt: z.date('is required'),
    outcome: fields.outcome,
    ttftMs: z.int().min(0, 'must not be negative').optional(),
    durationMs: count(2n ** 63n - 1n),
    outputTokens: count(10n ** 12n),
    tokensPerSecondMilli: count(10n ** 12n).optional(),
    checks: checksSchema.optional(),
    attempt: z.int().min(0, 'must not be negative'),
  })
  .superRefine(({ outcome, model }, context) => {
    const presence = outcome === ONLINE || outcome === OFFLINE;
    if (presence === (model === '')) return;
    const message = presence ? 'must be empty for ONLINE and OFFLINE' : 'is required';
    context.addIssue({ code: 'custom', path: ['model'], message });
  });

/** A batch as RecordObservations and StreamObservations take it. */
export const observationsSchema = z
  .array(observationSchema)
  .min(1, 'needs an observation')
  .max(1_000, 'has at most 1,000 observations');
