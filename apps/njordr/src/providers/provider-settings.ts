import { z } from 'zod';

const number = (description: string, fallback: number, min: number, max: number) =>
  z.int().min(min).max(max).default(fallback).meta({ description, reload: 'live', example: fallback });

/** The settings group `providers`: registration and what routing remembers about providers. */
export function providerSettings() {
  return z
    .object({
      maxPerOwner: number('Most providers one owner may have.', 1_000, 1, 1_000_000),
      connectionTestTimeoutMs: number('Longest wait for the answer of a connection test, ms.', 30_000, 100, 600_000),
      connectionTestTokens: number('Most output tokens of a connection test.', 16, 1, 1_024),
      retryIntervalMs: number(
        'How often unfinished registrations and prices are tried again, ms.',
        5_000,
        100,
        600_000,
      ),
      payoutRecheckMs: number(
        'How often the payout methods of listed providers’ owners are checked again, ms.',
        60_000,
        100,
        86_400_000,
      ),
      cooldownBaseMs: number(
        'First cooldown after a provider’s fault, ms; doubles with every further one.',
        5_000,
        100,
        600_000,
      ),
      cooldownCapMs: number('Longest cooldown, ms.', 300_000, 1_000, 86_400_000),
      ttftTauMs: number('Time constant with which a peak of time to first token fades, ms.', 10_000, 100, 3_600_000),
      servedHalfLifeMs: number('Half-life of the served-jobs count behind fairness, ms.', 600_000, 1_000, 86_400_000),
      uptimeHalfLifeMs: number('Half-life of the uptime figure, ms.', 86_400_000, 1_000, 2_592_000_000),
    })
    .prefault({});
}

export type ProviderSettings = z.output<ReturnType<typeof providerSettings>>;
