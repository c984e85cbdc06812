import { Fault, type FieldViolation } from '@edda/faults';
import { compilePolicySet, policyLimits } from '@edda/policy';
import { peerAddress, peerTls, serviceSettings } from '@edda/service-kit';
import { defineSettings, type SettingsOf } from '@edda/settings';
import { z } from 'zod';

/** Leaves room for what the product itself brings. */
const maxExtraPolicies = policyLimits.maxPolicies - 100;

const extraPolicy = z.object({
  id: z.string().min(1).max(100),
  kind: z.enum(['provider-registration', 'request']),
  rule: z.string().min(1).max(policyLimits.maxRuleLength),
  effect: z.enum(['deny', 'review']),
  reason: z.string().min(1).max(policyLimits.maxReasonLength),
  priority: z.int().min(-1_000_000).max(1_000_000).default(0),
});

/** A policy of the operator's own. */
export type ExtraPolicy = z.output<typeof extraPolicy>;

/** Nornen's settings. */
export const settingsSchema = defineSettings({
  service: 'nornen',
  shape: z.object({
    ...serviceSettings({ grpc: 50_054, operations: 9_054 }),
    policies: z
      .object({
        extra: z
          .array(extraPolicy)
          .max(maxExtraPolicies)
          .default([])
          .meta({
            description:
              'Policies beside the default ones; one with the id of a default replaces it. A change makes a new version.',
            reload: 'live',
            example: [
              {
                id: 'request.too-dear',
                kind: 'request',
                rule: 'max_cost_cents > 50000',
                effect: 'review',
                reason: 'Requests above 500.00 need a look.',
                priority: 10,
              },
            ],
          }),
        pollIntervalMs: z.int().min(50).max(60_000).default(1_000).meta({
          description: 'How late a version made by another replica is seen.',
          reload: 'live',
          example: 500,
        }),
        signOfLifeMs: z.int().min(100).max(300_000).default(15_000).meta({
          description: 'Longest silence on WatchPolicies; then an empty message says that the stream lives.',
          reload: 'live',
          example: 30_000,
        }),
      })
      .prefault({}),
    history: z
      .object({
        watchPollMs: z.int().min(10).max(60_000).default(250).meta({
          description: 'How late watchers see events that another replica took in.',
          reload: 'live',
          example: 100,
        }),
        watchSignOfLifeMs: z.int().min(100).max(300_000).default(15_000).meta({
          description: 'Longest silence on WatchEvents; then an empty message brings the cursor up to date.',
          reload: 'live',
          example: 30_000,
        }),
        maxWatchers: z.int().min(1).max(100_000).default(1_000).meta({
          description: 'Streams of WatchEvents at once on one replica; more answer RATE_LIMITED.',
          reload: 'live',
          example: 5_000,
        }),
      })
      .prefault({}),
    admin: z
      .object({
        peerDeadlineMs: z.int().min(100).max(20_000).default(3_000).meta({
          description: 'Longest wait for one answer of another service, when an admin asks about all of them, ms.',
          reload: 'live',
          example: 1_000,
        }),
      })
      .prefault({}),
    peers: z
      .object({
        njordr: peerAddress('Njordr', 50_051, 'live'),
        heidrun: peerAddress('Heidrun', 50_052, 'live'),
        eikthyrnir: peerAddress('Eikthyrnir', 50_053, 'live'),
        tls: peerTls(),
      })
      .prefault({}),
  }),
  crossCheck: ({ policies }) => complaintsAbout(policies.extra),
});

export type NornenSettings = SettingsOf<typeof settingsSchema>;

/** A rule that does not compile must be refused with the file, not when it is first asked. */
function complaintsAbout(extra: readonly ExtraPolicy[]): FieldViolation[] {
  try {
    compilePolicySet({ version: 'settings', policies: extra });
    return [];
  } catch (error) {
    if (!(error instanceof Fault) || error.reason !== 'POLICY_INVALID') throw error;
    return error.violations.map(({ field, description }) => ({
      field: 'policies.extra',
      description: `${field}: ${description}`,
    }));
  }
}
