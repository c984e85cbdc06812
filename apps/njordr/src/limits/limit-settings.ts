import { z } from 'zod';

const live = (description: string, example: unknown) => ({ description, reload: 'live', example }) as const;

/** The settings group `limits`: how often callers may call, over HTTP and gRPC together and over all replicas. */
export function limitSettings() {
  return z
    .object({
      perUserPerMinute: z
        .int()
        .min(1)
        .max(100_000_000)
        .default(60_000)
        .meta(
          live(
            'Calls of one user a minute, also the most at once; more answer RATE_LIMITED. Services calling for themselves have none.',
            600,
          ),
        ),
      perAddressPerMinute: z
        .int()
        .min(1)
        .max(100_000_000)
        .default(600)
        .meta(live('Calls without an accepted token from one address a minute; more answer RATE_LIMITED.', 60)),
    })
    .prefault({});
}

export type LimitSettings = z.output<ReturnType<typeof limitSettings>>;
