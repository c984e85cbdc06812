import { z } from 'zod';

const number = (description: string, fallback: number, min: number, max: number, reload: 'live' | 'restart' = 'live') =>
  z.int().min(min).max(max).default(fallback).meta({ description, reload, example: fallback });

/** The settings group `link`: the line to providers' devices. */
export function linkSettings() {
  return z
    .object({
      heartbeatIntervalMs: number(
        'How often agents send a heartbeat, ms; three missed mean OFFLINE.',
        5_000,
        100,
        60_000,
      ),
      chunkWindow: number('Chunks an agent may have unacknowledged per job.', 32, 1, 1_024),
      acceptTimeoutMs: number('Longest wait for the first sign of a job, ms.', 10_000, 100, 60_000),
      maxJobBytes: number('Most bytes of answer one job may deliver.', 16_777_216, 65_536, 1_073_741_824),
      maxUnreadBytes: number(
        'Most bytes of answers kept for requesters that read slowly, over all jobs; a job beyond it is stopped.',
        268_435_456,
        1_048_576,
        17_179_869_184,
      ),
      maxProvidersPerStream: number('Most providers over one stream.', 10_000, 1, 100_000),
      maxViolations: number('Breaches of protocol per connection before the line is closed.', 20, 1, 1_000),
      drainBeforeExpiryMs: number(
        'How long before its token expires an agent is asked for a new stream, ms.',
        60_000,
        1_000,
        600_000,
      ),
    })
    .prefault({});
}

export type LinkSettings = z.output<ReturnType<typeof linkSettings>>;
