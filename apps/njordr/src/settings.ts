import { type FieldViolation } from '@edda/faults';
import { peerAddress, peerTls, serviceSettings } from '@edda/service-kit';
import { defineSettings, type SettingsOf } from '@edda/settings';
import { z } from 'zod';
import { edgeSettings } from './edge/edge-settings.ts';
import { limitSettings } from './limits/limit-settings.ts';
import { linkSettings } from './link/link-settings.ts';
import { providerSettings } from './providers/provider-settings.ts';
import { replicaSettings } from './replicas/replica-settings.ts';

const live = (description: string, example: unknown) => ({ description, reload: 'live', example }) as const;
const restart = (description: string, example: unknown) => ({ description, reload: 'restart', example }) as const;
const weight = (name: string, percent: number) =>
  z
    .int()
    .min(0)
    .max(100)
    .default(percent)
    .meta(live(`Weight of the ${name} term in percent; the five weights sum to 100.`, percent));

const routing = z
  .object({
    weights: z
      .object({
        price: weight('price', 30),
        quality: weight('quality', 25),
        latency: weight('latency', 20),
        availability: weight('availability', 15),
        fairness: weight('fairness', 10),
      })
      .prefault({}),
    explorationShare: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.02)
      .meta(live('Share of requests that go to a provider with too few observations, 0 to 0.5.', 0.05)),
    explorationMinObservations: z
      .number()
      .min(0)
      .max(1_000)
      .default(5)
      .meta(live('A provider with fewer observations (after decay) may be explored.', 10)),
    latencyReferenceMs: z
      .int()
      .min(1)
      .max(60_000)
      .default(500)
      .meta(live('Expected latency at which the latency term is one half, ms.', 300)),
  })
  .prefault({});

const requests = z
  .object({
    maxConcurrent: z
      .int()
      .min(1)
      .max(100_000)
      .default(1_000)
      .meta(live('Requests this replica runs at once; more answer RATE_LIMITED.', 200)),
    maxPerRequester: z
      .int()
      .min(1)
      .max(100_000)
      .default(500)
      .meta(live('Requests of one requester this replica runs at once; more answer RATE_LIMITED.', 20)),
    slowReaderMs: z
      .int()
      .min(1_000)
      .max(3_600_000)
      .default(60_000)
      .meta(live('A requester that takes nothing for this long counts as gone, ms.', 30_000)),
    maxPromptBytes: z
      .int()
      .min(1)
      .max(4_000_000)
      .default(2_000_000)
      .meta(live('Largest prompt in bytes of UTF-8, over all messages.', 500_000)),
    defaultTimeoutMs: z
      .int()
      .min(1_000)
      .max(86_000_000)
      .default(300_000)
      .meta(live('Time for a request that names none, ms.', 120_000)),
    maxTimeoutMs: z
      .int()
      .min(1_000)
      .max(86_000_000)
      .default(780_000)
      .meta(live('Most time any request gets, ms; at most the life of a hold less the recovery margin.', 600_000)),
    resultTtlSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(900)
      .meta(live('How long answers are kept, encrypted, for CreateRequest and replays; 0 keeps none.', 300)),
    settleRetryMs: z
      .int()
      .min(0)
      .max(60_000)
      .default(5_000)
      .meta(live('How long a bill is retried at once before recovery takes it over, ms.', 2_000)),
  })
  .prefault({});

const holds = z
  .object({
    ttlSeconds: z.int().min(60).max(86_400).default(900).meta(live('Life of the hold on the wallet, seconds.', 600)),
    recoveryMarginSeconds: z
      .int()
      .min(30)
      .max(3_600)
      .default(120)
      .meta(live('Time kept free at the end of a hold, so that recovery can still settle, seconds.', 60)),
  })
  .prefault({});

const recovery = z
  .object({
    leaseSeconds: z
      .int()
      .min(1)
      .max(600)
      .default(15)
      .meta(live('A request whose replica shows no sign of life for this long is settled by another, seconds.', 30)),
    checkpointIntervalMs: z
      .int()
      .min(50)
      .max(500)
      .default(400)
      .meta(live('How often delivered counts are written, ms; at most 500.', 250)),
    sweepIntervalMs: z
      .int()
      .min(50)
      .max(60_000)
      .default(3_000)
      .meta(live('How often abandoned requests and expired answers are looked for, ms.', 1_000)),
  })
  .prefault({});

const reconciliation = z
  .object({
    intervalMs: z
      .int()
      .min(100)
      .max(86_400_000)
      .default(30_000)
      .meta(live('How often transactions are compared with their holds, once for all replicas, ms.', 60_000)),
    graceSeconds: z
      .int()
      .min(1)
      .max(3_600)
      .default(60)
      .meta(live('An open hold whose transaction has ended is released after this time, seconds.', 30)),
    settledAfterSeconds: z
      .int()
      .min(60)
      .max(604_800)
      .default(1_800)
      .meta(live('From this age on neither side may be open; at least holds.ttlSeconds, seconds.', 3_600)),
    pageSize: z.int().min(100).max(1_000).default(500).meta(live('Transactions compared at once.', 200)),
    maxPages: z.int().min(1).max(10_000).default(100).meta(live('Pages per run; the next run goes on from there.', 20)),
  })
  .prefault({});

const observation = z
  .object({
    impossibleTokensPerSecond: z
      .int()
      .min(100)
      .max(10_000_000)
      .default(100_000)
      .meta(live('Faster output than this counts as impossible, tokens per second.', 20_000)),
  })
  .prefault({});

const events = z
  .object({
    pollIntervalMs: z
      .int()
      .min(10)
      .max(60_000)
      .default(500)
      .meta(restart('How often the outbox is looked through for events to deliver, ms.', 1_000)),
    maxPending: z
      .int()
      .min(100)
      .max(10_000_000)
      .default(100_000)
      .meta(restart('Undelivered events from which on new requests and registrations are refused.', 50_000)),
  })
  .prefault({});

/** Every setting of Njörðr. */
export const njordrSettings = defineSettings({
  service: 'njordr',
  shape: z.object({
    ...serviceSettings({ grpc: 50_051, operations: 9_051 }),
    peers: z
      .object({
        heidrun: peerAddress('Heidrun', 50_052),
        eikthyrnir: peerAddress('Eikthyrnir', 50_053),
        nornen: peerAddress('Nornen', 50_054),
        tls: peerTls(),
      })
      .prefault({}),
    http: edgeSettings(),
    limits: limitSettings(),
    link: linkSettings(),
    providers: providerSettings(),
    replicas: replicaSettings(),
    routing,
    requests,
    holds,
    recovery,
    reconciliation,
    quality: observation,
    events,
  }),
  crossCheck,
});

export type NjordrSettings = SettingsOf<typeof njordrSettings>;

/** The groups with rules between their fields. */
interface Checked {
  routing: z.output<typeof routing>;
  requests: z.output<typeof requests>;
  holds: z.output<typeof holds>;
  reconciliation: z.output<typeof reconciliation>;
}

function crossCheck({
  routing: { weights },
  requests: limits,
  holds: hold,
  reconciliation: compare,
}: Checked): FieldViolation[] {
  const sum = Object.values(weights).reduce((total, percent) => total + percent, 0);
  const longestMs = (hold.ttlSeconds - hold.recoveryMarginSeconds) * 1_000;
  return [
    ...(sum === 100 ? [] : [{ field: 'routing.weights', description: `must sum to 100, not ${sum}` }]),
    ...(limits.maxTimeoutMs <= longestMs
      ? []
      : [
          {
            field: 'requests.maxTimeoutMs',
            description: `must be at most holds.ttlSeconds less holds.recoveryMarginSeconds (${longestMs} ms)`,
          },
        ]),
    ...(compare.settledAfterSeconds >= hold.ttlSeconds
      ? []
      : [
          {
            field: 'reconciliation.settledAfterSeconds',
            description: `must be at least holds.ttlSeconds (${hold.ttlSeconds})`,
          },
        ]),
    ...(limits.defaultTimeoutMs <= limits.maxTimeoutMs
      ? []
      : [{ field: 'requests.defaultTimeoutMs', description: 'must be at most requests.maxTimeoutMs' }]),
  ];
}
