import { peerAddress, peerTls, serviceSettings } from '@edda/service-kit';
import { defineSettings, type SettingsOf } from '@edda/settings';
import { z } from 'zod';

/** Eikthyrnir's settings. */
export const settingsSchema = defineSettings({
  service: 'eikthyrnir',
  shape: z.object({
    ...serviceSettings({ grpc: 50_053, operations: 9_053 }),
    quality: z
      .object({
        halfLifeHours: z.number().min(0.1).max(8_760).default(24).meta({
          description:
            'Age at which an observation weighs half. A change rules all ageing from each figure’s latest observation on; what has aged until then stays as it is.',
          reload: 'live',
          example: 48,
        }),
        priorObservations: z.int().min(1).max(1_000).default(5).meta({
          description: 'Neutral observations that every figure starts with.',
          reload: 'live',
          example: 10,
        }),
        failureStreak: z
          .int()
          .min(1)
          .max(100)
          .default(3)
          .meta({ description: 'Failures in a row that are published at once.', reload: 'live', example: 5 }),
        movedBy: z.number().min(0.01).max(1).default(0.1).meta({
          description: 'A figure (0 to 1) that moved by more than this is published at once.',
          reload: 'live',
          example: 0.05,
        }),
      })
      .prefault({}),
    observations: z
      .object({
        maxAgeHours: z.int().min(1).max(8_760).default(168).meta({
          description: 'Oldest observation that is taken.',
          reload: 'live',
          example: 48,
        }),
        maxAheadSeconds: z.int().min(0).max(300).default(300).meta({
          description: 'How far ahead of this service’s clock an observation may lie.',
          reload: 'live',
          example: 60,
        }),
        retentionDays: z.int().min(1).max(3_650).default(90).meta({
          description: 'Observations are deleted after this long; the figures made from them stay.',
          reload: 'live',
          example: 30,
        }),
        sweepIntervalSeconds: z.int().min(1).max(86_400).default(600).meta({
          description: 'How often old observations and idempotency keys are deleted.',
          reload: 'live',
          example: 60,
        }),
      })
      .prefault({}),
    watch: z
      .object({
        batchMs: z.int().min(10).max(60_000).default(1_000).meta({
          description: 'Changes that are not important wait for each other this long.',
          reload: 'live',
          example: 2_000,
        }),
        pollMs: z.int().min(10).max(60_000).default(200).meta({
          description: 'How often other replicas’ changes are looked for while somebody watches.',
          reload: 'live',
          example: 500,
        }),
        signOfLifeSeconds: z.int().min(1).max(600).default(15).meta({
          description: 'An empty response is sent to a watcher after this long without a change.',
          reload: 'live',
          example: 30,
        }),
        maxPendingKeys: z.int().min(1).max(1_000_000).default(100_000).meta({
          description: 'Most changed providers × models that wait for one slow watcher; beyond it the stream ends.',
          reload: 'live',
          example: 10_000,
        }),
      })
      .prefault({}),
    peers: z.object({ njordr: peerAddress('Njordr', 50_051, 'live'), tls: peerTls() }).prefault({}),
  }),
  crossCheck: ({ observations }) =>
    observations.retentionDays * 24 > observations.maxAgeHours
      ? []
      : [
          {
            field: 'observations.retentionDays',
            // Otherwise an observation deleted already could be sent again and counted twice.
            description: 'must be longer than observations.maxAgeHours',
          },
        ],
});

export type EikthyrnirSettings = SettingsOf<typeof settingsSchema>;
