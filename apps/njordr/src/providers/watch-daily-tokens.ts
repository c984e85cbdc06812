import { type Clock, type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { startPeriodic } from '../periodic.ts';
import { type ProviderDirectoryControl } from './create-provider-directory.ts';

export interface DailyTokensDeps {
  pool: Pool;
  directory: Pick<ProviderDirectoryControl, 'withDailyLimit' | 'setTokensToday'>;
  clock: Clock;
  logger: Logger;
}

/** A daily limit is exceeded by what is served within this time at most, and by the jobs that run, ms. */
const READ_EVERY_MS = 2_000;

/** Reads what providers with a daily limit have served today, over all replicas, as it was billed. */
export function watchDailyTokens({ pool, directory, clock, logger }: DailyTokensDeps): { stop(): Promise<void> } {
  return startPeriodic({
    name: 'daily tokens',
    intervalMs: () => READ_EVERY_MS,
    async run() {
      const limited = directory.withDailyLimit();
      if (limited.length === 0) return;
      const today = new Date(clock.now());
      today.setUTCHours(0, 0, 0, 0);
      const { rows } = await pool.query<{ providerId: string; tokens: bigint }>(
        `SELECT provider_id AS "providerId", sum(input_tokens + output_tokens)::bigint AS tokens
         FROM transaction_legs WHERE provider_id = ANY ($1) AND ended_at >= $2 GROUP BY provider_id`,
        [limited, today],
      );
      for (const { providerId, tokens } of rows) directory.setTokensToday(providerId, tokens);
    },
    logger,
  });
}
