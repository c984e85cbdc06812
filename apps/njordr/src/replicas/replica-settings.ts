import { z } from 'zod';

/** The settings group `replicas`: how replicas of Njörðr find each other. */
export function replicaSettings() {
  return z
    .object({
      address: z
        .string()
        .regex(/^[^\s:]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i, 'must be host:port')
        .optional()
        .meta({
          description:
            'Where the other replicas reach this one’s gRPC server; by default grpc.host, or the machine’s name where that is every address, and its port.',
          reload: 'restart',
          example: 'njordr-0.njordr:50051',
        }),
      heartbeatIntervalMs: z.int().min(100).max(60_000).default(1_000).meta({
        description:
          'How often a replica shows the others that it lives, ms; five missed mean that the devices connected to it are out of reach.',
        reload: 'live',
        example: 2_000,
      }),
    })
    .prefault({});
}

export type ReplicaSettings = z.output<ReturnType<typeof replicaSettings>>;
